"""The records of runs: settings, curves, how each ended, and whose process executes it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Literal

from core.base.faults import reached
from core.base.processes import signature, signed_by_the_living
from core.registry import entries
from core.registry.client import Absent
from core.registry.entries import RunInfo
from core.registry.names import check_name
from core.registry.store import Store

_SETTING_CHARACTERS = 6000
_SETTINGS_AT_ONCE = 100
_END_STATES = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_FORGOTTEN_MILLISECONDS = 7 * 86_400_000  # after which a run whose process nobody knows is believed to be over


class Runs(Store):
    """Runs of one workspace."""

    def start_run(self, kind: str, classifier: str, settings: Mapping[str, Any]) -> str:
        """Begin the record of a run and return its id; nested settings are kept as ``training.epochs``."""
        check_name(classifier)
        tags = {entries.KIND: kind, entries.CLASSIFIER: classifier, entries.OWNER: signature()}
        run = self._client.create_run(self._experiment(), tags=tags, run_name=f"{classifier} · {kind}")
        reached("run.created")
        self._log_settings(run.info.run_id, entries.flatten(dict(settings)))
        return str(run.info.run_id)

    def go_on(self, run_id: str) -> bool:
        """A run that was interrupted goes on in this process; False when it is not known any more."""
        try:
            self._client.set_tag(run_id, entries.OWNER, signature())
            self._client.update_run(run_id, status="RUNNING")
        except Absent:
            return False
        return True

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Add one point to the curves of a run; values that are not numbers are left out."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [Metric(name, float(value), now, step) for name, value in metrics.items() if math.isfinite(value)]
        if points:
            self._client.log_batch(run_id, metrics=points)

    def finish_run(self, run_id: str, state: Literal["finished", "stopped", "failed"]) -> None:
        """Close the record of a run."""
        self._client.set_terminated(run_id, _END_STATES[state])

    def runs(self, classifier: str | None = None) -> list[RunInfo]:
        """Runs of one classifier, or all, newest first."""
        condition = "" if classifier is None else f'tags.`{entries.CLASSIFIER}` = "{check_name(classifier)}"'
        return [entries.run_info(run) for run in self._search_runs(condition)]

    def abandoned_runs(self) -> list[RunInfo]:
        """Runs that the record calls running, whose process is gone."""
        stored = self._search_runs("attributes.status = 'RUNNING'")
        return [entries.run_info(run) for run in stored if entries.KIND in run.data.tags and not is_owned(run)]

    def close_abandoned_runs(self) -> None:
        """Let the record of runs whose process is gone say that they were stopped; a resume opens it again."""
        if not self._client.read_only:
            for run in self.abandoned_runs():
                self.finish_run(run.run_id, "stopped")

    def _search_runs(self, condition: str) -> list[Any]:
        experiment = self._experiment()
        if not experiment:
            return []
        order = ["attributes.start_time DESC"]
        return self._client.every("search_runs", experiment_ids=[experiment], filter_string=condition, order_by=order)

    def _log_settings(self, run_id: str, settings: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        params = [Param(name, value[:_SETTING_CHARACTERS]) for name, value in settings.items()]
        for start in range(0, len(params), _SETTINGS_AT_ONCE):
            self._client.log_batch(run_id, params=params[start : start + _SETTINGS_AT_ONCE])


def is_owned(run: Any) -> bool:
    """Whether a process may still be at work on a run."""
    alive = signed_by_the_living(run.data.tags.get(entries.OWNER, ""))
    if alive is None:  # another machine's, or of an edition that did not say
        return bool(time.time() * 1000 - run.info.start_time < _FORGOTTEN_MILLISECONDS)
    return alive
