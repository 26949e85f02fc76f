"""The first minute of a model: from a saved table to a version that answers, with the ladder growing beside it."""
