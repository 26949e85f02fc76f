"""The REST API under ``/api/v1``: a key in, labels and probabilities out. Loads no torch, and FastAPI only in `app`."""

PREFIX = "/api/v1"
