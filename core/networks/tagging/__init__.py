"""Networks that give each token of a text a tag, for entities."""
