"""Charts and heat maps in the colours of the theme."""
