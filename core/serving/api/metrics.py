"""What Prometheus reads from ``/metrics``: requests, texts, seconds, loaded versions, requests that wait."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts of one app, in a registry of its own, so that two apps of one process do not mix theirs."""

    def __init__(
        self,
        engines: Callable[[], int],
        waiting: Callable[[], int],
        lost: Callable[[], int],
        alarms: Callable[[], int],
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "evergreen_api_requests",
            "Requests that were answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "evergreen_api_seconds",
            "Seconds from a request's first line to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._texts = Counter("evergreen_api_texts", "Texts that were labelled.", registry=self._registry)
        gauges = {
            "evergreen_api_engines_loaded": ("Versions that are loaded.", engines),
            "evergreen_api_requests_waiting": ("Requests that wait for an answer of a version.", waiting),
            "evergreen_monitor_lost_texts": ("Texts that were answered and could not be counted.", lost),
            # Without names: nobody is asked for a key here.
            "evergreen_monitor_alarms": ("Classifiers whose texts have changed against what they learned.", alarms),
        }
        for name, (words, value) in gauges.items():
            Gauge(name, words, registry=self._registry).set_function(value)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is the pattern of its address, so that nobody can make new ones up."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def labelled(self, texts: int) -> None:
        """Count texts."""
        self._texts.inc(texts)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
