"""The tab of the Update page about the rules by which a model updates itself, and what was done by them."""
