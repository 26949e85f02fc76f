"""The words of the command line, by groups of commands."""
