"""Strategies side by side on the same stream of experiences."""
