"""What goes in and what comes out: a folder a task."""
