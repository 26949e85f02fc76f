"""Labels that people give: sessions of labelling, and corrections that wait to be learned."""
