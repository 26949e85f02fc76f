"""Labelling: labels given by keys, one text after the other."""
