"""Home: all models with what is the matter with them, and the ways to a new one."""

from dashboard.home import doors, own, page
from dashboard.shell import layout
from dashboard.shell.i18n import t

layout.heading(t("home.title"), page.caption())
if own.in_progress():
    own.draw()
else:
    page.draw()
    doors.draw()
