"""Whether probabilities can be believed, from which one on to answer, and what every threshold gives."""
