"""How fast a version answers on this machine."""
