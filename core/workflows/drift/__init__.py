"""A batch held against what the champion learned."""
