"""Data: upload a table, look it over, save it; all saved datasets."""

from dashboard import layout
from dashboard.i18n import t
from dashboard.upload import upload_table

layout.heading(t("data.title"), t("data.caption"))
upload_table("data", samples=[("reviews_en", "first"), ("reviews_zh", "first")])
