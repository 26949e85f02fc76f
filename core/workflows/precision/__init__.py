"""In which arithmetic a version answers, and what the other ones would cost and bring."""
