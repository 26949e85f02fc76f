"""A table with roles is a dataset: rows, their parts, where they are stored, and what is said of them."""
