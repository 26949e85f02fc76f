"""Labelling: look at doubtful labels again, or give labels to new texts, by keys and one after the other."""

from dashboard import label_page, label_page_new, label_page_session, layout
from dashboard.i18n import t

layout.heading(t("label.title"), t("label.caption"))
session = label_page.opened()
if session is None:
    label_page.sessions()
    label_page_new.draw()
else:
    label_page_session.draw(session)
