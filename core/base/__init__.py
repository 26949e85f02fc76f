"""What everything else stands on: files, errors, messages, settings, processes. Knows no text and no model."""
