"""Rows are taken out of everything that is stored, and out of weights where that can be done."""
