"""A version's report: what is its own in ``report.json``, the accuracy matrix R in ``matrix.parquet``.

What its folder says elsewhere is not said again: the steps of its stream are read from ``experiences.json``. Reports of
earlier editions hold everything themselves, and are read alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from core.base.files import read_json
from core.base.integrity import reading
from core.base.messages import Message, message

REPORT, MATRIX, EXPERIENCES = "report.json", "matrix.parquet", "experiences.json"
_R = "_matrix"  # ends the name of every R in a report, one for each score

Matrix = list[list[float | None]]


def read_report(folder: Path, *, matrix: bool = True) -> dict[str, Any]:
    """Every figure of a version, with its stream and R (``<score>_matrix`` for each of its task's scores)."""
    report: dict[str, Any] = _read(folder, REPORT)
    if "experiences" not in report and (folder / EXPERIENCES).exists():
        report["experiences"] = _read(folder, EXPERIENCES)
    if matrix and not _matrices(report) and (folder / MATRIX).exists():
        with reading(folder, MATRIX):
            report |= _read_matrices(folder / MATRIX)
    return report


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write a report so that `read_report` gives it back."""
    matrices = _matrices(report)
    if matrices:
        _write_matrices(folder / MATRIX, matrices)
    own = {name: value for name, value in report.items() if name != "experiences" and name not in matrices}
    (folder / REPORT).write_text(json.dumps(own, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _matrices(report: dict[str, Any]) -> dict[str, Matrix]:
    return {name: value for name, value in report.items() if name.endswith(_R)}


def is_solved(report: Mapping[str, Any]) -> bool:
    """Whether a version's weights were solved: then what its report lists as epochs are strengths of regularisation."""
    return str((report.get("end") or {}).get("key", "")).startswith("training.solved_")


def baseline_name(report: dict[str, Any]) -> Message:
    """What the baseline in a report is; editions before fitted another one."""
    method = report["baseline"].get("method", "tfidf")
    if method == "naive_bayes":
        return message("report.naive_bayes", "naive Bayes on words and pairs of words")
    if method == "tfidf":
        return message("report.baseline", "TF-IDF + logistic regression")
    if method == "one_vs_rest":
        return message("report.one_vs_rest", "TF-IDF + logistic regression for each label")
    if method == "crfsuite":
        return message("report.crfsuite", "conditional random field, CRFsuite")
    if method == "ngrams":
        return message("report.ngrams", "Kneser-Ney n-grams")
    return message("report.other_baseline", "{method}", method=method)


def measured_again(report: Mapping[str, Any]) -> Message | None:
    """That rows of the frozen tests were forgotten since the version was made, and what is of before; None where not."""
    left, rows = report["overall"]["rows"], report["baseline"]["report"]["rows"]
    if left == rows:
        return None
    return message(
        "report.measured_again",
        "Test rows were forgotten since this version was made: its scores are of the {left:,} rows that are left. The baseline, "
        "the learning curves and the gate's recorded verdict are of before, with {rows:,} rows.",
        left=left,
        rows=rows,
    )


def _read(folder: Path, name: str) -> Any:
    with reading(folder, name):
        return read_json(folder / name)


def _write_matrices(path: Path, matrices: dict[str, Matrix]) -> None:
    """One row for each score that is known: after which experience, counted from 0, on which test."""
    names, sides = [name.removesuffix(_R) for name in matrices], [*matrices.values()]
    size = len(sides[0])
    cells = [(after, test) for after in range(size) for test in range(size)]
    known = [(after, test) for after, test in cells if any(side[after][test] is not None for side in sides)]
    columns = {"after": [after for after, _ in known], "test": [test for _, test in known]}
    scores = {score: [side[i][j] for i, j in known] for score, side in zip(names, sides, strict=True)}
    table = {name: pyarrow.array(values, pyarrow.int32()) for name, values in columns.items()}
    table |= {name: pyarrow.array(values, pyarrow.float64()) for name, values in scores.items()}
    pyarrow.parquet.write_table(pyarrow.table(table), path, compression="zstd")


def _read_matrices(path: Path) -> dict[str, Matrix]:
    table = pyarrow.parquet.read_table(path).to_pydict()
    size = max(table["test"]) + 1
    matrices: dict[str, Matrix] = {}
    for score in table.keys() - {"after", "test"}:
        matrix: Matrix = [[None] * size for _ in range(size)]
        for after, test, value in zip(table["after"], table["test"], table[score], strict=True):
            matrix[after][test] = value
        matrices[f"{score}{_R}"] = matrix
    return matrices
