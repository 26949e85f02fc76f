"""Data: add a table, look it over, put labels right, and what readers corrected."""

from dashboard.data import corrections, page, tab
from dashboard.data.labelling import tab as labelling
from dashboard.data.quality import tab as quality
from dashboard.shell import layout, tabs
from dashboard.shell.i18n import t

layout.heading(t("data.title"), page.caption())
tabs.row(
    "data",
    {
        "tables": tab.draw,
        "quality": quality.draw,
        "labelling": labelling.draw,
        "corrections": corrections.draw,
    },
)
