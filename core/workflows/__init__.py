"""Whole jobs from request to result, a folder a use. Used by the command line and by jobs alike."""
