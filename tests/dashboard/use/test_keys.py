from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from urllib.request import Request

import pytest
from streamlit.testing.v1 import AppTest

from core.serving.api.keys import KeyStore
from dashboard.use import keys
from dashboard.use.keys import FRESH, curl_line, python_lines

SCRIPT = """
from dashboard.use import keys as models_page_keys
models_page_keys.draw({classifier!r})
"""


@pytest.fixture
def page(evergreen_home: Path) -> AppTest:
    at = AppTest.from_string(SCRIPT.format(classifier="店铺's *reviews*"), default_timeout=60).run()
    assert not at.exception
    return at


def create(page: AppTest, name: str) -> AppTest:
    page.text_input(key="keys.name").set_value(name)
    page.button(key="keys.create").click().run()
    assert not page.exception
    return page


def codes(page: AppTest) -> list[str]:
    return [code.value for code in page.code]


def test_a_new_key_is_shown_once_with_a_line_that_works(page: AppTest, evergreen_home: Path) -> None:
    assert all(keys.PLACEHOLDER in code for code in codes(page))
    secret, line, program = codes(create(page, "web  shop"))
    found = KeyStore(evergreen_home).find(secret)
    assert found is not None
    assert found.name == "web shop"
    assert secret in line
    assert secret in program
    page.button(key="keys.copied").click().run()
    assert FRESH not in page.session_state
    assert all(secret not in code for code in codes(page))
    assert keys.PLACEHOLDER in codes(page)[0]


def test_the_line_survives_a_shell(page: AppTest) -> None:
    words = shlex.split(curl_line("店铺's *reviews*", "k").replace("\\\n", " "))
    assert words[:2] == ["curl", "http://localhost:8501/api/v1/predict"]
    assert words[2:4] == ["-H", "Authorization: Bearer k"]
    assert json.loads(words[5])["classifier"] == "店铺's *reviews*"


def test_the_lines_of_python_send_the_same(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Request] = []

    def answer(request: Request) -> io.BytesIO:
        sent.append(request)
        return io.BytesIO(b'{"label": "a"}')

    monkeypatch.setattr("urllib.request.urlopen", answer)
    exec(python_lines('店铺\'s "*reviews*"', "k"), {})
    assert sent[0].full_url == "http://localhost:8501/api/v1/predict"
    assert sent[0].get_header("Authorization") == "Bearer k"
    assert isinstance(sent[0].data, bytes)
    assert json.loads(sent[0].data)["classifier"] == '店铺\'s "*reviews*"'


def test_a_name_is_needed_and_not_taken(page: AppTest) -> None:
    assert "needs a name" in create(page, " ").error[0].value
    create(page, "web shop")
    assert "already" in create(page, "web shop").error[0].value


def test_a_revoked_key_is_gone_from_the_list_and_the_store(page: AppTest, evergreen_home: Path) -> None:
    create(page, "web shop")
    digest = KeyStore(evergreen_home).list()[0].digest[:12]
    page.button(key=f"keys.revoke.{digest}").click().run()
    assert not page.exception
    assert KeyStore(evergreen_home).list() == ()
    assert all(keys.PLACEHOLDER in code for code in codes(page))


def test_a_use_is_told(page: AppTest, evergreen_home: Path) -> None:
    create(page, "web shop")
    assert any("never used" in caption.value for caption in page.caption)
    store = KeyStore(evergreen_home)
    store.touch(store.list()[0].digest)
    page.run()
    assert any("last used" in caption.value for caption in page.caption)


def test_a_damaged_file_is_a_sentence_on_the_page(page: AppTest, evergreen_home: Path) -> None:
    (evergreen_home / "api_keys.json").write_text("{", "utf-8")
    page.run()
    assert not page.exception
    assert "is damaged" in page.error[0].value
