"""What the registry knows of a classifier beyond its versions: threshold, statements, a request; each a tag, and once more in a
file beside the versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.registry import entries
from core.registry.deleting import Orphans
from core.registry.second_person import OverrideRequest
from core.registry.statements import TAG, Statements, stated
from core.registry.thresholds import Threshold, check_threshold

KEPT = (entries.HISTORY, entries.THRESHOLD, entries.REQUEST)  # tags that a lost database gets back, beside statements


class About(Orphans):
    """Reads and changes the facts of classifiers."""

    def threshold(self, name: str) -> Threshold | None:
        """From which probability on the classifier answers by itself; None where it always does."""
        return Threshold.from_text(self._model(name).tags.get(entries.THRESHOLD))

    def set_threshold(self, name: str, value: float, *, version: int) -> None:
        """Let the classifier answer from this probability on; ``version`` is the one it was chosen with."""
        check_threshold(value)
        self._stored_version(name, version)
        text = Threshold(value, version, now()).to_text()
        self._client.set_registered_model_tag(name, entries.THRESHOLD, text)
        self._write_facts(name)
        self.audit.add("threshold_set", model=name, version=version, facts={"threshold": value})

    def clear_threshold(self, name: str) -> None:
        """Let the classifier answer always."""
        if self.threshold(name) is not None:
            self._client.delete_registered_model_tag(name, entries.THRESHOLD)
            self._write_facts(name)
            self.audit.add("threshold_cleared", model=name)

    def statements(self, name: str) -> Statements:
        """What the owner states of the classifier."""
        return Statements.from_tags(self._model(name).tags)

    def set_statements(self, name: str, changes: Mapping[str, Any]) -> list[str]:
        """Change what is stated of the classifier; returns the names of the fields that are other than before.

        Raises
        ------
        ConfigError, RegistryError
            When there is no such field, or a text is too long; then nothing is changed.
        """
        with self._writing():
            before = self.statements(name)
            after = stated(before, changes)
            old, new = before.model_dump(), after.model_dump()
            changed = [field for field in new if new[field] != old[field]]
            for field in changed:
                value = after.to_tags().get(TAG + field)
                if value is None:
                    self._client.delete_registered_model_tag(name, TAG + field)
                else:
                    self._client.set_registered_model_tag(name, TAG + field, value)
        if changed:
            self._write_facts(name)
            facts = {field: {"before": old[field], "after": new[field]} for field in changed}
            self.audit.add("card_changed", model=name, facts={"changed": facts})
        return changed

    def request(self, name: str) -> OverrideRequest | None:
        """The promotion against the gate that waits for a second person; None where none does."""
        request = OverrideRequest.from_text(self._model(name).tags.get(entries.REQUEST))
        known = request is not None and any(version.number == request.version for version in self.versions(name))
        return request if known else None

    def ask(self, name: str, request: OverrideRequest) -> None:
        """Keep a request, in place of one that waits already."""
        self._client.set_registered_model_tag(name, entries.REQUEST, request.to_text())
        self._write_facts(name)
        facts = {"asked_by": request.by}
        self.audit.add("override_asked", model=name, version=request.version, reason=request.reason, facts=facts)

    def drop_request(self, name: str, number: int) -> None:
        """A version was decided on, so nobody has to confirm anything about it any more."""
        request = self.request(name)
        if request is not None and request.version == number:
            self._client.delete_registered_model_tag(name, entries.REQUEST)
            self._write_facts(name)

    def write_facts(self) -> None:
        """Write once more beside the files what the database knows of classifiers; it is done after each change, too."""
        for classifier in self.classifiers():
            self._write_facts(classifier.name)

    def _write_facts(self, name: str) -> None:
        if self.on_server:
            return
        model = self._model(name)
        tags = {tag: model.tags.get(tag) for tag in KEPT} | Statements.from_tags(model.tags).to_tags()
        champion, created = entries.champion_of(model), entries.iso(model.creation_timestamp)
        self._facts.write(name, {"created": created, "champion": champion, "tags": tags})


def now() -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
