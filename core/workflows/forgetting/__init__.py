"""Parts of forgetting rows: the champions that are solved again, the receipt, and the replacing of what held the rows."""
