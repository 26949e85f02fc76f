"""Labelling: look at doubtful labels again, or give labels to new texts, by keys and one after the other."""

from dashboard.labelling import new, page
from dashboard.labelling import session as labelling_session
from dashboard.shell import layout
from dashboard.shell.i18n import t

layout.heading(t("label.title"), t("label.caption"))
session = page.opened()
if session is None:
    page.sessions()
    new.draw()
else:
    labelling_session.draw(session)
