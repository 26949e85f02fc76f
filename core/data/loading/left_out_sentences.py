"""Sentences on rows of a file that are not in the dataset; ``facts`` holds their number, all rows, and where the first are."""

from __future__ import annotations

from typing import Any

from core.base.messages import Message, message


def wanting(reason: str, facts: dict[str, Any], column: str) -> Message:
    """Rows that lack something: a text, a label, entities, or a value in the ``column`` of experiences."""
    match reason:
        case "no_text" if facts["count"] == 1:
            return message(
                "left_out.no_text_single", "{count} of {total:,} rows was left out: row {rows} has no text.", **facts
            )
        case "no_text":
            return message(
                "left_out.no_text",
                "{count:,} of {total:,} rows were left out: they have no text; the first are rows {rows} below the header.",
                **facts,
            )
        case "no_entities" if facts["count"] == 1:
            return message(
                "left_out.no_entities_single",
                "{count} of {total:,} rows was left out: row {rows} has nothing in the column of entities.",
                **facts,
            )
        case "no_entities":
            return message(
                "left_out.no_entities",
                "{count:,} of {total:,} rows were left out: they have nothing in the column of entities; the first are rows "
                "{rows} below the header.",
                **facts,
            )
        case "no_label" if facts["count"] == 1:
            return message(
                "left_out.no_label_single", "{count} of {total:,} rows was left out: row {rows} has no label.", **facts
            )
        case "no_label":
            return message(
                "left_out.no_label",
                "{count:,} of {total:,} rows were left out: they have no label; the first are rows {rows} below the header.",
                **facts,
            )
        case _:
            return message(
                "left_out.no_experience",
                "Left out, since column '{column}' says of no experience: {count:,} of {total:,} rows (rows {rows} below the "
                "header).",
                column=column,
                **facts,
            )


def names_again(reason: str, facts: dict[str, Any]) -> Message:
    """Rows that name the columns once more."""
    if reason == "second_header":
        return message(
            "left_out.second_header",
            "{count} of {total:,} rows was left out: line {lines}, below the names of the columns, goes on naming them.",
            **facts,
        )
    if facts["count"] == 1:
        return message(
            "left_out.header_again_single",
            "{count} of {total:,} rows was left out: in line {lines} the names of the columns stand again.",
            **facts,
        )
    return message(
        "left_out.header_again",
        "Left out, since the names of the columns stand there again: {count:,} of {total:,} rows; the first are lines "
        "{lines}.",
        **facts,
    )


def ragged(facts: dict[str, Any], *, single_field: bool) -> Message:
    """Rows of another width.

    Parameters
    ----------
    single_field
        Whether all of them have one field.
    """
    match facts["count"] == 1, single_field:
        case True, True:
            return message(
                "left_out.ragged_single_one",
                "{count} of {total:,} rows was left out: line {lines} has {found} field instead of {expected}.",
                **facts,
            )
        case True, False:
            return message(
                "left_out.ragged_single",
                "{count} of {total:,} rows was left out: line {lines} has {found} fields instead of {expected}.",
                **facts,
            )
        case False, True:
            return message(
                "left_out.ragged_one",
                "{count:,} of {total:,} rows were left out: they have {found} field instead of {expected}; the first are "
                "lines {lines}.",
                **facts,
            )
        case _:
            return message(
                "left_out.ragged",
                "{count:,} of {total:,} rows were left out: they have {found} fields instead of {expected}; the first are "
                "lines {lines}.",
                **facts,
            )
