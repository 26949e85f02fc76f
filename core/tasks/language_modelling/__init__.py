"""How well a text can be foreseen, and how it goes on."""
