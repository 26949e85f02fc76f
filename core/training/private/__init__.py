"""Learning with differential privacy: what a row or a person can have left in the weights is bounded by a number, ε."""
