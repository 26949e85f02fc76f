"""Groups of rows, how differently a model treats them, and what can be done about it."""
