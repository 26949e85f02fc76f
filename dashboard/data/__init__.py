"""Data: a table is added, looked over and saved."""
