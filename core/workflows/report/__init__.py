"""A report of one version for people who were not there, as HTML or as a model card."""
