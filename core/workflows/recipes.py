"""A cleaned dataset beside the one it was made of: the recipe is carried out, stored with it, and can be repeated."""

from __future__ import annotations

from collections.abc import Sequence

from core.base.errors import DataError
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.recipe import Step, apply_steps, write_steps
from core.workflows.personal import marker_in
from core.workflows.workspace import Workspace


def save_cleaned(
    home: Workspace | DatasetStore, dataset: str, steps: Sequence[Step], name: str | None = None
) -> StoredDataset:
    """Carry out the steps on a saved dataset and save what comes out; the dataset itself stays as it is.

    Parameters
    ----------
    name
        Name of the new dataset; the old one's when not given.

    Returns
    -------
    StoredDataset
        The new dataset, with the old one's id as ``source["parent"]``, and all steps since the upload as ``source["recipe"]``.
        The old one itself where the steps change nothing.

    Raises
    ------
    DataError
        When there is no such dataset, no row would be left, or texts with marked entities would change.
    """
    store = home.datasets if isinstance(home, Workspace) else home
    before = store.info(dataset)
    loaded = store.load(dataset)
    marker = marker_in(home) if isinstance(home, Workspace) else None
    after, done = apply_steps(loaded, steps, marker)
    if before.roles.spans and not set(after.texts) <= set(loaded.texts):
        raise DataError(
            "recipe.spans_move",
            "Entities are marked in the texts of '{name}' by their places, which steps that change texts would move. Choose only "
            "steps that leave rows out, or change the texts before they are marked.",
            name=before.name,
        )
    if not any(step.count for step in done):
        return before
    recipe = [*before.source.get("recipe", []), *write_steps(steps)]
    source = {**before.source, "parent": before.id, "recipe": recipe}
    return store.save(after, name=name or before.name, roles=before.roles, source=source, synthetic=before.synthetic)
