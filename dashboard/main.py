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

from core.base.audit import PAGE, act_as  # noqa: E402
from dashboard.parts import forgetting  # noqa: E402
from dashboard.parts.versions import way_back  # noqa: E402
from dashboard.shell import job_news, navigation, sidebar  # noqa: E402
from dashboard.shell.errors import boundary  # noqa: E402
from dashboard.shell.i18n import t  # noqa: E402
from dashboard.shell.palette import stylesheet  # noqa: E402

act_as(PAGE)
sidebar.adopt_link()
st.set_page_config(page_title=t("shell.product"), page_icon=str(Path(__file__).with_name("leaf.svg")), layout="wide")
st.html(stylesheet())

current = st.navigation([navigation.page(name) for name in navigation.ICONS], position="hidden")
navigation.go_on()
page = current.url_path or navigation.FIRST_PAGE
sidebar.open_earlier(page)
sidebar.draw(page)
sidebar.keep_link(page)
with boundary(), way_back.guard():
    way_back.tell()
    forgetting.tell(page)
    sidebar.tell_unknown()
    current.run()
    job_news.note_seen(page)
