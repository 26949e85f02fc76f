"""How differently a version treats groups of people, measured on request, and watched in every update."""
