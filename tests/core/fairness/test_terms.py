import pytest

from core.base.errors import ConfigError
from core.fairness.terms import Finder, TermGroup, axes_of, parse_terms, terms_for, write_terms

WORDS = (
    TermGroup("gender", "women", ("she", "her", "her", "old woman")),
    TermGroup("gender", "men", ("he", "his", "him")),
    TermGroup("age", "old", ("old",)),
)


def words_in(text: str, groups: tuple[TermGroup, ...] = WORDS) -> list[str]:
    return [occurrence.word for occurrence in Finder(groups).occurrences(text)]


@pytest.mark.parametrize("language", ["en", "zh", "mixed"])
def test_a_built_in_list_is_read_back_as_it_was_written(language: str) -> None:
    assert parse_terms(write_terms(terms_for(language))) == terms_for(language)


def test_words_at_one_index_are_counterparts() -> None:
    for language, axis, pairs in (
        ("en", "gender", ("she he", "her his", "mother father")),
        ("zh", "性别", ("她 他", "妈妈 爸爸")),
    ):
        women, men = axes_of(terms_for(language))[axis]
        counterparts = set(zip(women.words, men.words, strict=False))
        assert {tuple(pair.split()) for pair in pairs} <= counterparts


def test_english_words_are_whole_words_in_any_case() -> None:
    assert words_in("SHE saw the sheep, he's here; 我说he好") == ["she", "he", "he"]
    assert words_in("the shed of himself") == []


def test_the_longest_word_of_an_axis_wins_and_axes_do_not_hide_each_other() -> None:
    assert sorted(words_in("an Old  Woman")) == ["old", "old woman"]


def test_chinese_words_are_found_without_spaces_and_not_inside_words_that_mean_something_else() -> None:
    chinese = terms_for("zh")
    assert words_in("其他人弹吉他", chinese) == []
    assert words_in("她们认识他", chinese) == ["她们", "他"]
    assert words_in("明白人", chinese) == []


def test_what_is_no_identity_is_passed_over_unless_the_list_names_it() -> None:
    assert words_in("ten years old") == []
    assert words_in("ten years old", (TermGroup("age", "old", ("years old",)),)) == ["years old"]


def test_a_list_takes_chinese_signs_notes_and_empty_lines() -> None:
    assert parse_terms("# note\n\n 性别 / 女性：她，她们、 女\n") == (TermGroup("性别", "女性", ("她", "她们", "女")),)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("gender women: she", "fairness.terms_line"),
        ("gender/women she", "fairness.terms_line"),
        ("gender/women: ,", "fairness.terms_line"),
        ("\n# nothing", "fairness.terms_none"),
        ("a/b: x\na/b: y", "fairness.terms_twice"),
        ("a/b: x\na/c: X", "fairness.terms_in_two"),
        ("a/b: " + ", ".join(f"w{number}" for number in range(5001)), "fairness.terms_many"),
    ],
)
def test_a_list_that_cannot_be_read_is_told(text: str, key: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_terms(text)
    assert error.value.message.key == key
