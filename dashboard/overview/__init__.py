"""Overview: what the model can do, and the next step."""
