"""The Privacy tab: what can be told from a version about the rows that it learned."""
