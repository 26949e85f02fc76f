"""From a named file to a dataset, with all that a person should know of the way."""
