"""Text in, any number of labels out: scores of all labels, a probability and a threshold for each, and the baseline beside."""
