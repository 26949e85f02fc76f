"""The engine that runs alone: `predict.py` goes into every bundle as it is, and imports nothing of this project."""
