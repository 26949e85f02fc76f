"""What tells texts that are unlike what a version learned: made from its texts, kept beside it, made anew when it is gone.

Some texts that were learned say what is known, and texts that were not (frozen tests and validation rows) say how far usual
texts lie from it. Nothing of it is needed to serve; it goes with the version, and when rows are forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.continual.drift.novelty import Neighbours, Spelling, Usual, lengths_of
from core.serving.monitor.references import Encode, Encoded, Reference
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace

LEARNED, UNLEARNED = 2000, 1000  # texts that a reference stands on at most
ENCODED = 300  # of either, where a frozen encoder has to be asked anew
FEWEST_LEARNED, FEWEST_UNLEARNED = 100, 50  # with fewer nothing is said


def reference_of(folder: VersionFolder, workspace: Workspace) -> Reference | None:
    """The reference of a version: the one that is kept, or else made now; None where the texts it learned are gone or few."""
    kept = Reference.load(workspace.registry.files.reference_of(folder.path))
    if kept is not None:
        return kept
    met = read_past(folder, workspace).met
    learned, unlearned = met.sample(validated=False)[0], met.sample(validated=True)[0]
    tested = [str(text) for record in folder.experiences() for text in folder.predictions(record.number)["text"]]
    if len(learned) < FEWEST_LEARNED:
        return None
    encode = Encoded.open(folder.path, folder.load_pipeline())
    most = (LEARNED, UNLEARNED) if encode is None else (ENCODED, ENCODED)
    return keep_reference(folder, workspace, learned, [*unlearned, *tested], encode, most=most)


def keep_reference(
    folder: VersionFolder,
    workspace: Workspace,
    learned: Sequence[str],
    unlearned: Sequence[str],
    encode: Encode | None,
    *,
    most: tuple[int, int] = (LEARNED, UNLEARNED),
) -> Reference | None:
    """Make the reference of a version from these texts, and keep it; None where they are too few.

    Parameters
    ----------
    encode
        What the version's frozen encoder says of texts; None where it stands on none.
    most
        How many texts of either kind it stands on at most.
    """
    if len(learned) < FEWEST_LEARNED or len(unlearned) < FEWEST_UNLEARNED:
        return None
    reference = make_reference(_some(learned, most[0], 0), _some(unlearned, most[1], 1), encode)
    reference.save(workspace.registry.files.reference_of(folder.path))
    return reference


def make_reference(learned: Sequence[str], unlearned: Sequence[str], encode: Encode | None = None) -> Reference:
    """A reference that stands on these texts, in an order drawn by chance."""
    if encode is not None:
        near = Neighbours.of(encode(learned))
        return Reference(np.sort(near.distances(encode(unlearned))), len(learned), neighbours=near)
    half = len(learned) // 2  # counted; the other half says how texts look that were not
    counted = Spelling.of(learned[:half])
    usual = Usual.of(counted.features(learned[half:]), lengths_of(learned[half:]))
    distances = usual.distances(counted.features(unlearned), lengths_of(unlearned))
    return Reference(np.sort(distances), len(learned), spelling=(counted, usual))


def _some(texts: Sequence[str], most: int, seed: int) -> list[str]:
    """So many of the texts, drawn by chance, the same each time."""
    return [texts[row] for row in np.random.default_rng(seed).permutation(len(texts))[:most]]
