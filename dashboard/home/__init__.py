"""Home: all models, and the ways to a new one."""
