"""Stretches of a text are marked with a type: named entities."""
