"""Lab: strategies compared on a stream of one's own."""
