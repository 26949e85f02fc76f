"""A version learns a new batch and becomes a candidate."""
