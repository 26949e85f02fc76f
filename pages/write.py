"""Write: a small language model over one's own texts: let it write, let it learn, see what it foresees and forgets."""

import streamlit as st

from dashboard import layout, state, write_page, write_page_box, write_page_learn, write_page_measures
from dashboard.i18n import t

layout.heading(t("write.title"), t("write.caption"))
layout.warn_of_idle_card()
known = write_page.store().list()
if not known and not state.datasets():
    layout.empty_state(t("write.empty_title"), t("write.empty"), action=t("write.to_data"), page="data")
elif not known:
    st.markdown(t("write.what"))
    write_page_learn.draw(None)
else:
    generator = write_page.choose(known)
    report = write_page.report(generator)
    write_page.about(report)
    layout.cards(write_page.cards(report))
    box, learn, measures, versions = st.tabs(
        [t("write.tab_box"), t("write.tab_learn"), t("write.tab_measures"), t("write.tab_versions")], key="write.tabs"
    )
    with box:
        write_page_box.draw(report)
    with learn:
        write_page_learn.draw(generator)
    with measures:
        write_page_measures.draw(report)
    with versions:
        write_page.versions(generator)
