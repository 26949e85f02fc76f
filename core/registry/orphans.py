"""What in the registry and among its files belongs to nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.registry import entries
from core.registry.client import Absent
from core.registry.deleting import Deletions
from core.registry.runs import is_owned


class Orphans(Deletions):
    """Finds them; whoever sweeps decides."""

    def without_version(self) -> Iterator[Path]:
        """Folders of runs that made no version, or none that is left, and at which no process is at work."""
        yield from (folder for folder in self._unclaimed() if self._is_over(folder.name))

    def empty_classifiers(self) -> list[str]:
        """Names of classifiers that have no version, and will get none."""
        models = self._client.every("search_registered_models", filter_string=f"tags.{entries.KIND} = 'classifier'")
        return [
            model.name
            for model in models
            if not self.versions(model.name) and not self._is_in_the_making(model.name, set())
        ]

    def remove_empty_classifier(self, name: str) -> None:
        """Take away the entry of a classifier without versions."""
        self._client.delete_registered_model(name)
        self._facts.remove(name)

    def _is_over(self, run_id: str) -> bool:
        try:
            run = self._client.get_run(run_id)
        except Absent:
            # Empty folders are nobody's; files that the database does not know may be all that is left of a version.
            return not any(path.is_file() for path in (self._files.artifacts / run_id).rglob("*"))
        ours = entries.KIND in run.data.tags
        return ours and (run.info.status != "RUNNING" or not is_owned(run))
