"""Translations: in order, the same in any company, long texts in pieces."""

from __future__ import annotations

import pytest

from foretell import ModelError, SettingsError
from foretell.errors import TextError
from foretell.text import Pairs, Translator, Vocabulary
from foretell.text.translation.decoding import cut


@pytest.mark.parametrize("beam", [1, 4])
def test_a_batch_is_as_its_texts_one_by_one(beam: int, trained: Translator, pairs: Pairs) -> None:
    # Numbers it never learned from, sentences longer than those, and no sense at all.
    texts = [*pairs.sources[70:], "one " * 9 + "two.", "zebra, Zürich!", "", "six", "日本 🙂", "."]
    together = trained.predict(texts, beam=beam)
    assert together == [trained.predict([text], beam=beam)[0] for text in texts]
    assert together == trained.predict(texts, beam=beam, batch=5)
    assert together[:30] == list(pairs.targets[70:])


def test_texts_without_words(trained: Translator) -> None:
    assert trained.predict([]) == []
    assert trained.predict(["", "  ", "\t"]) == ["", "", ""]
    assert trained.predict(["", "six two.", " "])[1] == "six deux !"


def test_a_long_text_goes_in_pieces(trained: Translator) -> None:
    sentences = ["three two four six.", "one six two five.", "five one one three.", "two four one one."] * 5
    done = trained.translated([" ".join(sentences), "two."])
    assert done.cut == 1
    assert done.texts == [" ".join(trained.predict(sentences)), "deux !"]
    assert done.tokens == 20 * 6 + 3


def test_ten_thousand_words(trained: Translator) -> None:
    text = trained.predict(["one two " * 5000], beam=1)[0]
    assert len(text.split()) > 1000
    assert "\n" not in text


def test_pieces_are_cut_where_sentences_or_words_end() -> None:
    words = ["abc", "xyz", "q"]
    vocabulary = Vocabulary.learn([" ".join(words)] * 9, 300)

    def pieces(text: str, longest: int) -> list[str]:
        row = vocabulary.encode([text])[0]
        found = list(cut(row, longest, vocabulary))
        assert [token for piece in found for token in piece] == row
        assert all(0 < len(piece) <= longest for piece in found)
        return vocabulary.decode(found)

    assert pieces("abc xyz", 8) == ["abc xyz"]
    assert pieces("abc xyz q. abc xyz abc q", 6) == ["abc xyz q.", "abc xyz abc q"]
    assert pieces("q. abc xyz abc xyz q abc", 5) == ["q. abc xyz abc", "xyz q abc"]
    assert pieces("zzzzzzzzz", 4) == ["zzzz", "zzzz", "z"] or len(pieces("zzzzzzzzz", 4)) == 3
    assert pieces("", 4) == []


def test_numbers_that_make_no_sense(trained: Translator) -> None:
    for name, value in (("beam", 0), ("beam", 101), ("length_penalty", -1.0), ("length_penalty", float("nan")),
                        ("batch", 0), ("batch", 10**6)):  # fmt: skip
        with pytest.raises(SettingsError, match=name):
            trained.predict(["one"], **{name: value})  # type: ignore[arg-type]
    with pytest.raises(TextError, match="Unicode"):
        trained.predict(["\udc80"])
    with pytest.raises(ModelError, match="not been trained yet"):
        Translator().predict(["one"])


def test_progress_goes_up_to_one(trained: Translator, pairs: Pairs) -> None:
    shares: list[float] = []
    trained.predict(pairs.sources[:10], batch=4, on_progress=shares.append)
    assert shares == [0.4, 0.8, 1.0]
