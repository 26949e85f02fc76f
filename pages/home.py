"""Home: all models with what is the matter with them, and the ways to a new one."""

from dashboard.home import page
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

layout.heading(t("home.title"), page.caption())
if state.classifiers():
    page.models()
else:
    page.welcome()
