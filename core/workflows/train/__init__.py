"""A first training: dataset in, version out."""
