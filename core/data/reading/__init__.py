"""Files of any kind and origin become tables of strings, with all that was guessed on the way."""
