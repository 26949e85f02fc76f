"""What earlier editions stored in ways of their own, taken over when their workspace is opened."""
