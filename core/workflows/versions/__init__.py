"""What stands in the folder of a version, and what can be asked of it."""
