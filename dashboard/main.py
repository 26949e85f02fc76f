"""The dashboard's script, which `app` runs at every look at a page.

Owns the order of things on every page: link, pages, sidebar, page inside the error boundary.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts only this file's folder there
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard.parts import forgetting, way_back  # noqa: E402
from dashboard.shell import job_news, navigation, sidebar  # noqa: E402
from dashboard.shell.errors import boundary  # noqa: E402
from dashboard.shell.i18n import t  # noqa: E402
from dashboard.shell.palette import stylesheet  # noqa: E402

sidebar.adopt_link()
st.set_page_config(page_title=t("shell.product"), page_icon=str(Path(__file__).with_name("leaf.svg")), layout="wide")
st.html(stylesheet())

pages = {
    t(f"shell.group_{group}"): [navigation.page(name) for name in names] for group, names in navigation.groups().items()
}
current = st.navigation(pages, position="hidden")
sidebar.draw()
sidebar.keep_link()
with boundary(), way_back.guard():
    way_back.tell()
    forgetting.tell(current.url_path)
    sidebar.tell_unknown()
    current.run()
    job_news.note_seen(current.url_path)
