"""Benchmark: how fast a version answers on this machine, in every way it can be run."""

from dashboard import benchmark_page, benchmark_page_result, layout, state
from dashboard.i18n import t

classifier = state.chosen_classifier()
if classifier is None:
    layout.heading(t("benchmark.title"), t("benchmark.caption"))
    layout.needs_classifier(t("benchmark.empty_title"), t("benchmark.empty"))
else:
    layout.heading(t("benchmark.title"), layout.of_classifier(classifier))
    layout.warn_of_idle_card()
    version, shown = benchmark_page.choose(classifier)
    benchmark_page.run(version)
    if shown is not None:
        benchmark_page_result.draw(shown)
        benchmark_page_result.earlier(benchmark_page.measurements(version))
    benchmark_page.form(version, leading=shown is None)
