"""Data quality: findings, and the recipe that mends them."""
