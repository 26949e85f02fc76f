"""What is counted of a model in use, and which of its texts are kept; see `core.workflows.monitor` for what is told from it."""
