"""What pages show of versions: which serves, how they compare, what was decided, what is the matter."""
