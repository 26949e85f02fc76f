"""Which settings suit a dataset: many short trainings, measured on validation rows."""
