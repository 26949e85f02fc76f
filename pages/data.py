"""Data: add a table, look it over, save it; all saved datasets."""

from dashboard.data import page, saved
from dashboard.shell import layout
from dashboard.shell.i18n import t

layout.heading(t("data.title"), page.caption())
page.add_table()
saved.saved_datasets(primary=not page.in_progress())
