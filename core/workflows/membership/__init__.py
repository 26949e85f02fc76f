"""Whether it can be told from a version which rows it learned: shadow models, an attack, canaries."""
