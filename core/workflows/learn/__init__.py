"""What every learning has in common: the learner, its start, its run, and the version it leaves."""
