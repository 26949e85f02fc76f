"""Train: data, model, settings, and what a training would take."""
