"""Networks that foresee the next token of a text."""
