"""A model of entities finds names and addresses, and what it finds is replaced: now, and in the next batch alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError
from core.cli import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.inputs import Field, compose
from core.data.dataset.rows import TextDataset
from core.data.quality import Finding, steps_of
from core.data.recipe import RedactEntities, apply_steps, read_steps
from core.registry.records import InspectionStore
from core.workflows.inspect.request import InspectRequest
from core.workflows.inspect.run import InspectionDone, inspect_dataset
from core.workflows.personal import finder_of, marker_in
from core.workflows.recipes import save_cleaned
from core.workflows.workspace import Workspace
from tests.core.workflows.test_entities import rows, trained, workspace

__all__ = ["workspace"]  # a fixture

TEXTS = (
    "Note 7x1 : Tim Cook lives in New York .",
    "Nothing to see here .",
    "Note 7x2 : Anna lives in Oslo . Write to anna@example.org",
)


@pytest.fixture
def named(workspace: Workspace) -> Workspace:
    """A workspace with a model that marks PER and LOC."""
    trained(workspace, rows(200, 0), model="crf")
    return workspace


def save(workspace: Workspace, texts: tuple[str, ...] = TEXTS) -> str:
    labels = np.arange(len(texts)) % 2
    dataset = TextDataset(texts, labels.astype(np.int64), ("x", "y"))
    return workspace.datasets.save(dataset, name="mail", roles=ColumnRoles("text", "label")).id


def inspected(workspace: Workspace, dataset: str, **asked: object) -> dict[str, Finding]:
    request = InspectRequest.model_validate({"dataset": dataset, "personal_model": "Names", **asked})
    *_, done = inspect_dataset(request, workspace)
    assert isinstance(done, InspectionDone)
    stored = InspectionStore(workspace.home).get(dataset)
    assert stored is not None
    return {each["kind"]: Finding.from_dict(each) for each in stored["findings"]}


def test_rows_with_names_are_found_with_how_many_are_missed_and_replaced(named: Workspace) -> None:
    dataset = save(named)
    found = inspected(named, dataset)
    finding = found["personal_entities"]
    assert finding.rows == (0, 2)
    assert "[PER] 2" in str(finding.sentence)
    assert "[LOC] 2" in str(finding.sentence)
    assert str(finding.notes[0]) == "PER 12–19, LOC 30–37"
    assert "On its own test 'Names' finds 1.000" in str(finding.advice)
    assert not any(word in json.dumps(finding.to_dict()) for word in ("Tim", "Oslo"))
    steps = steps_of([*finding.fixes, *found["personal_data"].fixes])
    assert [step.kind for step in steps] == ["redact", "redact_entities"]
    cleaned = save_cleaned(named, dataset, steps)
    assert named.datasets.load(cleaned.id).texts == (
        "Note 7x1 : [PER] lives in [LOC] .",
        "Nothing to see here .",
        "Note 7x2 : [PER] lives in [LOC] . Write to [EMAIL]",
    )
    repeated = read_steps(cleaned.source["recipe"])
    batch = TextDataset(("Note 8x1 : Max lives in Rome .", TEXTS[1]), np.zeros(2, dtype=np.int64), ("x",))
    after, done = apply_steps(batch, repeated, marker_in(named))
    assert after.texts == ("Note 8x1 : [PER] lives in [LOC] .", TEXTS[1])
    assert [applied.count for applied in done] == [0, 1]
    again, done = apply_steps(after, repeated, marker_in(named))
    assert again.texts == after.texts


def test_only_the_types_that_were_asked_for_count(named: Workspace) -> None:
    finding = inspected(named, save(named), personal_types=["PER"])["personal_entities"]
    assert "[LOC]" not in str(finding.sentence)
    (step,) = finding.fixes[0].steps
    assert step == RedactEntities(classifier="Names", version=1, types=("PER",))


def test_names_in_further_columns_of_words_are_found_too(named: Workspace) -> None:
    fields = [Field("from", "text", "Note 1x1 : Anna lives in Rome ."), Field("price", "number", "3")]
    step = finder_of(named, "Names", ()).step
    (spans,) = marker_in(named)(step, [compose(TEXTS[0], fields)])
    assert [span.type for span in spans] == ["PER", "LOC", "PER", "LOC"]
    text = compose(TEXTS[0], fields)
    assert [text[span.start : span.end] for span in spans] == ["Tim Cook", "New York", "Anna", "Rome"]


def test_what_cannot_look_for_names_is_refused(named: Workspace) -> None:
    with pytest.raises(ConfigError, match=r"'Names' marks LOC, PER"):
        finder_of(named, "Names", ("CITY",))
    gone = RedactEntities(classifier="Names", version=9, types=("PER",))
    with pytest.raises(DataError, match="Version 9 of 'Names'"):
        save_cleaned(named, save(named), [gone])
    dataset = TextDataset(("a", "b"), np.zeros(2, dtype=np.int64), ("x",))
    with pytest.raises(DataError, match="not at hand"):
        apply_steps(dataset, [gone])


def test_of_texts_with_marks_nothing_is_replaced(named: Workspace) -> None:
    dataset = named.datasets.list()[0].id
    found = inspected(named, dataset)
    assert found["personal_entities"].fixes == ()
    assert not {"imbalance", "label_errors", "contradictions"} & found.keys()


def test_the_command_line_finds_and_replaces_them(named: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    save(named)
    assert main(["inspect", "--dataset", "mail", "--personal-model", "Names", "--personal-types", "PER"]) == 0
    told = capsys.readouterr().out
    assert "Rows with personal data as found by 'Names', version 1: 2 ([PER] 2)." in told
    assert "Such as Tim Cook (PER), Anna (PER)" in told
    assert main(["datasets", "clean", "--dataset", "mail", "--fix", "personal_entities.redact", "--name", "safe"]) == 0
    cleaned = named.datasets.load(named.datasets.find("safe").id)
    assert cleaned.texts[0] == "Note 7x1 : [PER] lives in New York ."


def test_a_file_is_looked_through_without_being_stored(
    named: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mail.csv"
    file.write_text("text\n" + "\n".join(f'"{text}"' for text in TEXTS), encoding="utf-8")
    before = {each.id for each in named.datasets.list()}
    assert main(["inspect", "--data", str(file), "--personal-model", "Names", "--json"]) == 0
    findings = {each["kind"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["personal_entities"]["rows"] == [0, 2]
    assert {each.id for each in named.datasets.list()} == before
