"""Intervals, paired differences, permutation tests, resampling, slices and learning curves, of any task."""
