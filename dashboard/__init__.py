"""What a person sees: the shell around the pages. Knows nothing of how texts are learned; asks `core`."""
