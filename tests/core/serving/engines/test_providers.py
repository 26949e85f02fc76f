from __future__ import annotations

from pathlib import Path

import pytest

from core.base.device import DeviceInfo
from core.networks.standalone.predict import usable_providers
from core.serving.engines import providers
from core.serving.engines.providers import CPU, CUDA, examine

CARD = DeviceInfo("cuda", "H100", 16)
NO_CARD = DeviceInfo("cpu", "", 2)
GPU_BUILD = {"onnxruntime-gpu": "1.31.1"}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("EVERGREEN_PROVIDERS", raising=False)
    monkeypatch.setattr(providers, "_card_is_there", lambda: True)
    monkeypatch.setattr(providers, "usable_providers", lambda: [CUDA, CPU])


def keys(device: DeviceInfo, packages: dict[str, str], runs: str) -> list[str]:
    return [problem.key for problem in providers._problems(device, packages, runs)]


def test_a_small_network_is_run_and_its_nodes_are_counted_where_they_ran() -> None:
    report = examine()
    assert report.placement == {report.runs: 1}
    assert report.runs in report.available
    assert report.to_dict()["device"]["cores"] >= 1


def test_a_card_that_is_used_is_no_problem() -> None:
    assert keys(CARD, GPU_BUILD, CUDA) == []


def test_a_machine_without_a_card_has_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_card_is_there", lambda: False)
    assert keys(NO_CARD, GPU_BUILD, CPU) == []
    monkeypatch.setattr(providers, "usable_providers", lambda: [CPU])
    assert keys(NO_CARD, {"onnxruntime": "1.31.1"}, CPU) == []


def test_both_builds_together_are_named_with_the_way_out() -> None:
    (problem,) = providers._problems(CARD, {**GPU_BUILD, "onnxruntime": "1.31.1"}, CPU)
    assert problem.key == "providers.both_packages"
    assert "uninstall -y onnxruntime onnxruntime-gpu" in str(problem)
    assert "install onnxruntime-gpu==1.31.1" in str(problem)


def test_the_build_for_cpus_beside_a_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "usable_providers", lambda: [CPU])
    assert keys(NO_CARD, {"onnxruntime": "1.31.1"}, CPU) == ["providers.cpu_build"]


def test_a_hidden_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert keys(NO_CARD, GPU_BUILD, CPU) == ["providers.hidden"]


def test_a_card_without_a_working_driver_is_named() -> None:
    assert keys(NO_CARD, GPU_BUILD, CPU) == ["providers.driver"]


def test_a_silent_fallback_names_the_libraries_that_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "missing_libraries", lambda: ["libcudnn.so.9"])
    (problem,) = providers._problems(CARD, GPU_BUILD, CPU)
    assert problem.key == "providers.libraries"
    assert "H100" in str(problem)
    assert "libcudnn.so.9" in str(problem)


def test_a_silent_fallback_with_all_libraries_points_to_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "missing_libraries", list)
    assert keys(CARD, GPU_BUILD, CPU) == ["providers.refused"]


def test_libraries_that_are_not_there_are_found_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_loads", lambda library: "cudnn" not in library)
    assert [name.startswith(("libcudnn", "cudnn")) for name in providers.missing_libraries()] == [True]
    monkeypatch.undo()
    assert not providers._loads("libno-such-thing.so.1")


def test_providers_can_be_chosen_and_only_those_of_the_build_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_providers()[-1] == CPU
    monkeypatch.setenv("EVERGREEN_PROVIDERS", " CPU ")
    assert usable_providers() == [CPU]
    monkeypatch.setenv("EVERGREEN_PROVIDERS", "abacus")
    assert usable_providers() == [CPU]


def test_placement_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    examine()
    assert sorted(tmp_path.iterdir()) == before
