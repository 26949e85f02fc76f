"""Write: a language model of own texts."""
