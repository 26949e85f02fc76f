"""From an uploaded file to a stored dataset: read, look over, mend, label, divide. Light to import."""
