"""A file is chosen, read, and its columns are given their roles."""
