"""Results: everything that was measured of a version."""
