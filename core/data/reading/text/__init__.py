"""Files that are lines of text: encoding, layout, quotation and heading are guessed, and rows are cut."""
