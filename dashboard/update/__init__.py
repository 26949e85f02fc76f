"""Update: a batch is looked over, learned, and decided on."""
