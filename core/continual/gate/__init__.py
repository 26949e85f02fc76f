"""May a candidate version become champion? Rules, evidence, and a sentence for each."""
