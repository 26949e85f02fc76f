"""Everything that may be wrong with a dataset, and the recipe that mends it."""
