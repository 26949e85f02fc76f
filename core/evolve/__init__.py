"""A model that updates itself: rules that a person set, and one step after the other by which they are followed."""
