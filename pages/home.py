"""Home: all models with what is the matter with them, and the ways to a new one."""

from dashboard.home import doors, own, page
from dashboard.shell import layout
from dashboard.shell.i18n import t

if own.in_progress():
    layout.heading(t("home.title"), t("home.caption_own"))
    own.draw()
else:
    layout.heading(t("home.title"), page.caption())
    page.draw()
    doors.draw()
