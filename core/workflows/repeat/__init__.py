"""The same training several times: on other divisions of the rows, and on fewer of them."""
