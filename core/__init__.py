"""Everything that is true without a browser: data, models, continual learning, evaluation, export, jobs.

Knows nothing of Streamlit, prints nothing, and can do the whole job alone: ``python -m core --help``.
"""

__version__ = "0.1.0"
