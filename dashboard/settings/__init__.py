"""Models: versions, which one serves, keys, forgetting."""
