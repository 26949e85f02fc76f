"""Texts with their entities on screen."""
