"""A report as one HTML file: the template with its styles lies beside; charts are drawn here as numbers for its SVG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.base.wording import score
from core.workflows.report.document import Curve, Document, Points

TEMPLATE = "report.html.j2"
WIDTH, NAMES, RIGHT = 720, 210, 190  # of a chart: in all, for the names on the left, for the figures on the right
ROW = 26
CURVE_HEIGHT, CURVE_LEFT, CURVE_BOTTOM = 220, 48, 34
LONGEST_NAME = 28


@dataclass(frozen=True)
class Line:
    """One line of a curve: its points as SVG wants them, and the colour's number."""

    name: str
    points: str
    colour: int


def to_html(document: Document) -> str:
    """Fill in the template; every text is escaped by it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(points_chart=points_chart, curve_chart=curve_chart)
    return environment.get_template(TEMPLATE).render(document=document)


def points_chart(block: Points) -> dict[str, Any]:
    """Where each value and its interval lie, in pixels."""

    def across(value: float) -> float:
        return round(NAMES + value * (WIDTH - NAMES - RIGHT), 1)

    rows = [
        {
            "name": name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…",
            "y": ROW * number + ROW // 2,
            "value": across(value),
            "low": across(low),
            "high": across(high),
            "text": score(value, low, high),
        }
        for number, (name, value, low, high) in enumerate(block.rows)
    ]
    ticks = [{"x": across(value / 4), "text": f"{value / 4:.2f}"} for value in range(5)]
    bottom = ROW * len(rows)
    return {"width": WIDTH, "height": bottom + 24, "bottom": bottom, "rows": rows, "ticks": ticks, "names": NAMES}


def curve_chart(block: Curve) -> dict[str, Any]:
    """Lines over epochs; the axis of shares begins and ends at round tenths, that of other scores where these do."""
    values = [value for _, line in block.series for value in line]
    low, high = min(values), max(values)
    shares = low >= 0 and high <= 1
    if shares:
        low, high = max(0.0, int(low * 10) / 10), min(1.0, int(high * 10 + 1) / 10)
    count = max(len(line) for _, line in block.series)

    def place(number: int, value: float) -> tuple[float, float]:
        x = CURVE_LEFT + (WIDTH - CURVE_LEFT - 10) * number / max(count - 1, 1)
        y = 10 + (CURVE_HEIGHT - CURVE_BOTTOM - 10) * (high - value) / max(high - low, 1e-9)
        return round(x, 1), round(y, 1)

    lines = [
        Line(
            name, " ".join(f"{x},{y}" for x, y in (place(number, value) for number, value in enumerate(line))), place_of
        )
        for place_of, (name, line) in enumerate(block.series)
    ]
    step = max(1, count // 10)
    return {
        "width": WIDTH,
        "height": CURVE_HEIGHT,
        "lines": lines,
        "left": CURVE_LEFT,
        "bottom": CURVE_HEIGHT - CURVE_BOTTOM,
        "y_ticks": [
            {"y": place(0, value)[1], "text": f"{value:.2f}" if shares else f"{value:.3g}"}
            for value in (low + (high - low) * part / 4 for part in range(5))
        ],
        "x_ticks": [{"x": place(number, low)[0], "text": str(number + 1)} for number in range(0, count, step)],
        "best": place(block.best - 1, low)[0] if 1 <= block.best <= count else None,
    }
