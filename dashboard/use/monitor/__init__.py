"""The Monitor tab: a model in use."""
