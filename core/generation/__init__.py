"""A small causal language model over one's own texts: tokens, model, training, export, measuring, sampling, versions.

Knows nothing of labels, classifiers and jobs. Nothing is imported here: `model`, `training` and `export` bring torch
along, and whoever only lists versions or writes a text need not wait for it.
"""
