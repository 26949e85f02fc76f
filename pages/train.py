"""Train: choose what to learn from and how long it may take, watch it learn; all runs; settings and encoders of one's own."""

from dashboard.shell import layout, tabs
from dashboard.shell.i18n import t
from dashboard.train import runs, tab
from dashboard.train.base import tab as base
from dashboard.train.search import tab as search

layout.heading(t("train.title"), t("train.caption"))
tabs.row("train", {"new": tab.draw, "runs": runs.draw, "search": search.draw, "base": base.draw})
