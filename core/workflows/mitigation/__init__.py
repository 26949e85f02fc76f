"""What each way against unequal treatment gains, and what it costs: the same model, trained with each on the same rows."""
