"""Benchmark: how fast a version answers on this machine, in every way it can be run."""

from dashboard.benchmark import page, result
from dashboard.shell import layout, state
from dashboard.shell.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("benchmark.title"), t("benchmark.caption"))
    layout.needs_classifier(t("benchmark.empty_title"), t("benchmark.empty"))
else:
    layout.heading(t("benchmark.title"), layout.of_classifier(classifier))
    layout.warn_of_idle_card()
    version, shown = page.choose(classifier)
    page.run(version)
    if shown is not None:
        result.draw(shown)
        result.earlier(page.measurements(version))
    page.form(version, leading=shown is None)
