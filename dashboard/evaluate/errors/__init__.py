"""The texts that were answered wrongly, as cards: what decided, and whether the label or the model is wrong."""
