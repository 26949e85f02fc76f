"""Predict: texts and tables are answered, and put right."""
