"""Text in, one label out: scores, probabilities that can be trusted, and the baselines beside."""
