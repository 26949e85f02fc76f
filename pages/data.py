"""Data: add a table, look it over, save it; all saved datasets."""

from dashboard import data_page, data_page_saved, layout
from dashboard.i18n import t

layout.heading(t("data.title"), data_page.caption())
data_page.add_table()
data_page_saved.saved_datasets(primary=not data_page.in_progress())
