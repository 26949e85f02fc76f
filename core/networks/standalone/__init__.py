"""Programs that run alone: `predict.py`, and `write.py` of language models, go into bundles as they are and import nothing else
of this project.
"""
