"""Train: choose what to learn from and how, watch it learn; search for settings, and make encoders of one's own."""

from dashboard.shell import layout, tabs
from dashboard.shell.i18n import t
from dashboard.train import tab
from dashboard.train.base import tab as base
from dashboard.train.search import tab as search

layout.heading(t("train.title"), t("train.caption"))
tabs.row("train", {"new": tab.draw, "search": search.draw, "base": base.draw})
