"""What is learned besides targets: which texts belong together, and which token is missing or next."""
