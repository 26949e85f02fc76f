"""Differential privacy on pages: what a run would spend, and what is left of a model's budget."""
