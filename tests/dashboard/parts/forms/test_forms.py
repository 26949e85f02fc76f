"""Forms derive from settings: the widget, its range, its default, and what presets do to it."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.parts.forms.forms import log_stops


def form_script() -> None:
    from typing import Literal

    import streamlit as st

    from core.base.config import Config, setting
    from dashboard.parts.forms import forms

    class Example(Config):
        layers: int = setting(2, label="Layers", help="How many.", bounds=(1, 6), step=1)
        dropout: float = setting(0.5, label="Dropout", help="How much.", bounds=(0.0, 0.8), step=0.05)
        learning_rate: float = setting(
            2e-3, label="Learning rate", help="How far.", bounds=(1e-5, 0.1), scale="log", group="optimisation"
        )
        seed: int = setting(7, label="Seed", help="Which.", bounds=(0, 1_000_000), step=1, group="optimisation")
        lowercase: bool = setting(True, label="Lower-case", help="Whether.", group="text")
        segmentation: Literal["auto", "words"] = setting("auto", label="Split", help="Into what.", group="text")
        warmup: float = setting(0.1, label="Warm-up", help="How long.", bounds=(0.0, 0.5), advanced=True)

    st.button("preset", on_click=forms.set_values, args=("f", {"layers": 5, "learning_rate": 3e-4}))
    st.session_state["values"] = forms.settings_form(Example, key="f", leave_out=["dropout"])
    st.session_state["text"] = forms.settings_form(Example, key="g", groups={"text"})


@pytest.fixture
def form() -> AppTest:
    at = AppTest.from_function(form_script, default_timeout=30).run()
    assert not at.exception
    return at


def values(at: AppTest) -> dict[str, Any]:
    found: dict[str, Any] = at.session_state["values"]
    return found


def test_a_form_starts_from_the_declared_defaults(form: AppTest) -> None:
    expected = {"layers": 2, "learning_rate": 2e-3, "seed": 7, "lowercase": True, "segmentation": "auto", "warmup": 0.1}
    assert values(form) == expected


def test_each_kind_of_setting_has_its_widget(form: AppTest) -> None:
    assert (form.slider(key="f.layers").min, form.slider(key="f.layers").max) == (1, 6)
    assert form.select_slider(key="f.learning_rate").value == 2e-3
    assert form.number_input(key="f.seed").value == 7
    assert form.toggle(key="f.lowercase").value is True
    assert form.segmented_control(key="f.segmentation").options == ["Automatic", "Words"]


def test_only_the_asked_groups_are_shown(form: AppTest) -> None:
    assert form.session_state["text"] == {"lowercase": True, "segmentation": "auto"}


def test_changes_reach_the_values(form: AppTest) -> None:
    form.slider(key="f.layers").set_value(4).run()
    form.segmented_control(key="f.segmentation").set_value("words").run()
    assert values(form)["layers"] == 4
    assert values(form)["segmentation"] == "words"


def test_a_preset_sets_fields_even_between_two_stops(form: AppTest) -> None:
    form.button[0].click().run()
    assert not form.exception
    assert values(form)["layers"] == 5
    assert values(form)["learning_rate"] == 3e-4


def test_log_stops_are_one_two_five_and_the_bounds() -> None:
    assert log_stops(1e-3, 0.03) == [0.001, 0.002, 0.005, 0.01, 0.02, 0.03]
    assert log_stops(4, 100) == [4, 5, 10, 20, 50, 100]


def sources_script() -> None:
    import streamlit as st

    from core.base.config import Config, setting
    from dashboard.parts.forms import forms

    class Example(Config):
        vectors: str = setting("", label="Vectors", help="Which.", source="vectors")
        encoder: str = setting("hub:me/mine", label="Encoder", help="Which.", source="encoders")

    st.session_state.setdefault("f.vectors", "own:deleted")
    st.session_state["values"] = forms.settings_form(Example, key="f")


def test_a_setting_with_a_source_offers_what_there_is() -> None:
    at = AppTest.from_function(sources_script, default_timeout=30).run()
    assert not at.exception
    # what is gone is not offered any more, what may be typed is
    assert values(at) == {"vectors": "", "encoder": "hub:me/mine"}
    assert at.selectbox(key="f.vectors").options[0] == "–"
    at.selectbox(key="f.vectors").set_value("packaged:glove-6b-50d").run()
    at.selectbox(key="f.encoder").set_value("packaged:multilingual-e5-small").run()
    assert values(at) == {"vectors": "packaged:glove-6b-50d", "encoder": "packaged:multilingual-e5-small"}
