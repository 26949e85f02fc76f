"""Texts with their entities on screen: marked, and put right."""
