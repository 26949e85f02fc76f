"""Networks that give each token of a text a label, for entities."""
