"""Stretches of a text that are marked, such as named entities: how they are written, stored, and cut into tokens."""
