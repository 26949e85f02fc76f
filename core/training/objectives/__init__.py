"""What is learned besides labels: which texts belong together, and which token is missing or next."""
