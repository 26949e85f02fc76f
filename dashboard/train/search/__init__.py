"""Search: settings that suit a dataset."""
