"""The Fairness tab: which groups are told apart, how differently they are answered, and whether that is watched."""
