"""Both languages say everything, with the same facts in it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import string
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import core
from core.base.config import Config, Setting, settings_of
from dashboard.shell.i18n import catalogue, translate

ROOT = Path(__file__).resolve().parent.parent.parent
MAKERS = {
    "message",
    "Message",
    "CoreError",
    "DataError",
    "ConfigError",
    "ModelError",
    "RegistryError",
    "JobError",
    "StorageError",
}
PLURAL = "_one"  # beside the ordinary form, in English only
WHOLE_KEYS = "messages_"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def chinese_of_core() -> set[str]:
    import tomllib

    files = (ROOT / "dashboard" / "shell" / "i18n" / "zh").glob(f"{WHOLE_KEYS}*.toml")
    return {key for path in files for key in tomllib.loads(path.read_text(encoding="utf-8"))}


def core_sentences() -> Iterator[tuple[str, str, str]]:
    """Every ``message("key", "English")`` and ``…Error("key", "English")`` in core: place, key, English."""
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first, second = node.args[:2]
            if name in MAKERS and isinstance(first, ast.Constant) and isinstance(second, ast.Constant):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", first.value, second.value


def all_settings() -> dict[str, Setting]:
    """Settings of every config class in core that a form may show: those with a label of their own."""
    found: dict[str, Setting] = {}
    for module_info in pkgutil.walk_packages(core.__path__, "core."):
        if module_info.name.endswith("__main__"):
            continue
        module = importlib.import_module(module_info.name)
        for _, config in inspect.getmembers(module, inspect.isclass):
            if issubclass(config, Config):
                found |= {setting.name: setting for setting in settings_of(config) if setting.label != setting.name}
    return found


def test_english_and_chinese_have_the_same_keys() -> None:
    texts = set(catalogue("en"))
    english = {key for key in texts if not (key.endswith(PLURAL) and key.removesuffix(PLURAL) in texts)}
    settings = {key for key in catalogue("zh") if key.startswith("settings.")}
    chinese = set(catalogue("zh")) - settings - chinese_of_core()
    assert english ^ chinese == set()


# A family of keys that is read by the end of its names, where two members may say the same.
FAMILIES = ("choices.", "names.", "settings.", "train.effect_", "label.keys_", "run.stopping_")
WORDS_OF_A_SENTENCE = 4


def test_no_sentence_stands_in_the_catalogue_twice() -> None:
    said: dict[str, list[str]] = {}
    for key, text in catalogue("en").items():
        bare = re.sub(r"\W+", " ", text).strip().casefold()
        kind = key.partition(".")[2].startswith(("kind_", "finder_"))  # findings, named by who looks for them
        if (
            len(bare.split()) >= WORDS_OF_A_SENTENCE
            and not kind
            and not key.endswith(PLURAL)
            and not key.startswith(FAMILIES)
        ):
            said.setdefault(bare, []).append(key)
    assert [keys for keys in said.values() if len(keys) > 1] == []


def test_texts_have_the_same_places_in_both_languages() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    differing = [key for key in english if key in chinese and places(english[key]) != places(chinese[key])]
    assert differing == []


def test_every_sentence_of_core_is_in_chinese_with_the_same_places() -> None:
    chinese = catalogue("zh")
    wrong = [
        f"{where} {key}"
        for where, key, text in core_sentences()
        if key not in chinese or places(chinese[key]) != places(text)
    ]
    assert wrong == []


def test_a_key_means_one_sentence_in_core() -> None:
    texts: dict[str, set[frozenset[str]]] = {}
    for _, key, text in core_sentences():
        texts.setdefault(key, set()).add(frozenset(places(text)))
    assert [key for key, kinds in texts.items() if len(kinds) > 1] == []


def test_every_chinese_sentence_of_core_is_still_said() -> None:
    assert chinese_of_core() - {key for _, key, _ in core_sentences()} == set()


def test_every_setting_has_a_chinese_label_and_help() -> None:
    chinese = catalogue("zh")
    wanted = {f"settings.{name}_{part}" for name in all_settings() for part in ("label", "help")}
    assert wanted - set(chinese) == set()


def test_every_choice_has_a_name_in_both_languages() -> None:
    for language in ("en", "zh"):
        texts = catalogue(language)
        missing = [
            (setting.name, choice)
            for setting in all_settings().values()
            for choice in setting.choices
            if f"choices.{setting.name}_{choice}" not in texts and f"choices.{choice}" not in texts
        ]
        assert missing == []


def test_chinese_sentences_use_chinese_punctuation() -> None:
    mixed = [
        key
        for key, text in catalogue("zh").items()
        for before, sign in pairwise(text)
        if sign in ",;?!" and "\u4e00" <= before <= "\u9fff"
    ]
    assert mixed == []


def test_chinese_sentences_have_spaces_around_latin_words() -> None:
    beside = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]")
    tight = [key for key, text in catalogue("zh").items() if beside.search(re.sub(r"\{[^{}]*\}", "\0", text))]
    assert tight == []


def test_a_latin_name_in_a_chinese_sentence_has_spaces_too() -> None:
    note = "models.tests_note"
    assert "基线是 TF-IDF + 逻辑回归，" in translate("zh", note, {"method": "TF-IDF + 逻辑回归"})
    assert "基线是朴素贝叶斯，" in translate("zh", note, {"method": "朴素贝叶斯"})
    facts = {"version": 2, "parent": 1, "rows": "30", "dataset": "a"}
    assert "以 A-GEM 学习了“a”的" in translate("zh", "models.lineage_update", {**facts, "strategy": "A-GEM"})


def test_every_model_and_strategy_has_a_name_and_a_sentence() -> None:
    from core.continual.methods import STRATEGIES
    from core.networks.architectures import MODELS

    wanted = {f"names.{part}_{name}" for name in MODELS for part in ("model", "about")}
    wanted |= {f"names.{part}_{name}" for name in STRATEGIES for part in ("strategy", "about")}
    for language in ("en", "zh"):
        assert wanted <= catalogue(language).keys()
