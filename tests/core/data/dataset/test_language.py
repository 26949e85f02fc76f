import pytest

from core.data.dataset.language import han_share, language_of


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["很快，好吃，味道足", "iPhone 的屏幕很好，电池也很耐用，推荐购买"], "zh"),
        (["the café was fine", "not bad at all"], "en"),
        (["很快很好吃，味道也足，下次再来，推荐大家", "delivered quickly and tasted very good"], "mixed"),
        (["это хороший фильм"], "other"),
        (["これはとてもいいです"], "other"),
        (["123 :-)", "😀"], "other"),
        ([], "other"),
    ],
)
def test_languages_are_told_by_their_letters(texts, language):
    assert language_of(texts) == language


def test_share_of_chinese_characters_is_of_the_letters_only():
    assert han_share("很好 ab！12") == 0.5
    assert han_share("12!") == 0.0
