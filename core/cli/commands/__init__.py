"""What each command does: read, call a workflow, print."""
