"""Benchmark: how fast a version answers here."""
