"""Other runs and versions beside this one, what more rows would bring, and how much is chance."""
