"""How many threads compute, and how they wait: declared here, and derived everywhere.

A thread that waits by spinning burns the core that a neighbour, or the very thread it waits for, needs: on two cores with
a browser beside them, a step of the n-gram bag took ten times as long with two such threads as with one. Knows nothing
of models, and never imports torch.
"""

from __future__ import annotations
