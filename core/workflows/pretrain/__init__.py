"""An encoder learns from unlabelled texts, and is measured before and after."""
