"""What stands around every page: entry, state, languages, errors, navigation, theme."""
