"""What becomes of a model in use: by day what it answered, what that is worth, and whether something has changed."""
