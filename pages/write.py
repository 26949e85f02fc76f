"""Write: a small language model over one's own texts: let it write, let it learn, see what it foresees and forgets."""

import streamlit as st

from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.write import box as write_box
from dashboard.write import learn as write_learn
from dashboard.write import measures as write_measures
from dashboard.write import page

layout.heading(t("write.title"), t("write.caption"))
layout.warn_of_idle_card()
known = page.store().list()
if not known and not state.datasets():
    layout.empty_state(t("write.empty_title"), t("write.empty"), action=t("write.to_data"), page="data")
elif not known:
    st.markdown(t("write.what"))
    write_learn.draw(None)
else:
    generator = page.choose(known)
    report = page.report(generator)
    page.about(report)
    layout.cards(page.cards(report))
    box, learn, measures, versions = st.tabs(
        [t("write.tab_box"), t("write.tab_learn"), t("write.tab_measures"), t("write.tab_versions")], key="write.tabs"
    )
    with box:
        write_box.draw(report)
    with learn:
        write_learn.draw(generator)
    with measures:
        write_measures.draw(report)
    with versions:
        page.versions(generator)
