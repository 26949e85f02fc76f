"""What the API answers is counted, whatever becomes of the counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from starlette.testclient import TestClient

from core.serving.monitor.store import MonitorStore


def test_answers_are_counted_by_label_and_empty_texts_are_not(client: TestClient, evergreen_home: Path) -> None:
    for _ in range(3):
        assert client.post("/predict", json={"classifier": "Reviews", "texts": ["a", "", "b"]}).status_code == 200
    client.app.state.service.recorder.flush()  # type: ignore[attr-defined]
    (day,) = MonitorStore(evergreen_home).days("Reviews", date.min)
    assert day.counts["answers"] == {"positive": 6}
    assert (day.total("requests"), day.total("texts")) == (3, 6)
    assert MonitorStore(evergreen_home).every_text() == []


def test_an_unreadable_file_of_counts_hinders_no_answer(client: TestClient, evergreen_home: Path) -> None:
    (evergreen_home / "monitor.db").write_bytes(b"no database" * 500)
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).status_code == 200
    recorder = client.app.state.service.recorder  # type: ignore[attr-defined]
    recorder.flush()
    assert recorder.lost == 1


def test_prometheus_is_told_of_alarms_and_of_what_was_lost(client: TestClient, evergreen_home: Path) -> None:
    store = MonitorStore(evergreen_home)
    store.note_alarm("Reviews", "run", date(2026, 3, 1))
    told = client.get("/metrics").text
    assert "evergreen_monitor_alarms 1.0" in told
    assert "Reviews" not in told
    assert "evergreen_monitor_lost_texts 0.0" in told
    store.note_alarm("Reviews", "run", None)
    assert "evergreen_monitor_alarms 0.0" in client.get("/metrics").text
    (evergreen_home / "monitor.db").write_bytes(b"no database" * 500)
    assert client.get("/metrics").status_code == 200
