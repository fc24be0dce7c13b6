"""Texts as sequences of numbers: words, or pieces of words that are learned from what is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from foretell.errors import SettingsError, TextError
from foretell.optional import load

PAD, UNKNOWN, START, END = range(4)
"""The first four tokens: what fills short rows, a word that was never read, and what stands before and after a text."""
_NAMES = ["<pad>", "<unknown>", "<start>", "<end>"]

Units = Literal["subwords", "words"]
_UNITS: dict[str, Units] = {"BPE": "subwords", "WordLevel": "words"}
"""By the name of the tokenizers package's model."""


class Vocabulary:
    """The tokens that texts are made of, numbered; learned once, kept with the model.

    - "subwords": byte pair encoding (Sennrich, Haddow & Birch, 2016) over bytes: every text has tokens, whatever its
      script, and `decode` gives it back as it was, but for the spelling of composed characters (NFC).
    - "words": words and marks of punctuation in lower case; what is not in the vocabulary becomes UNKNOWN.
    """

    def __init__(self, definition: str) -> None:
        """From what `to_json` gave. Raises ValueError where that is not it."""
        try:
            model = json.loads(definition)["model"]
            self.units: Units = _UNITS[model["type"]]
            tokens, merges = model["vocab"], model.get("merges", [])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a vocabulary: {error!r}") from error
        # Of a stranger's definition only tokens and merges are taken, and looked at: tokenizers panics on bad ones.
        _check(tokens, merges)
        models = _tokenizers().models
        if self.units == "words":
            self._tokenizer = _cutting(models.WordLevel(tokens, unk_token=_NAMES[UNKNOWN]), self.units)
        else:
            self._tokenizer = _cutting(models.BPE(tokens, [tuple(merge) for merge in merges]), self.units)
        self._tokenizer.add_special_tokens(_special_tokens())

    @classmethod
    def from_json(cls, plain: str) -> Vocabulary:
        """What `to_json` gave. Raises ValueError where that is not it."""
        return cls(plain)

    @classmethod
    def learn(cls, texts: Iterable[str], size: int, units: Units = "subwords", *, least: int = 2) -> Vocabulary:
        """The vocabulary of at most `size` tokens that fits these texts; each token comes up `least` times.

        Raises `SettingsError` for sizes and units that make no sense, `MissingExtraError` without tokenizers.
        """
        if units not in get_args(Units):
            raise SettingsError(f"units={units!r}: a vocabulary is of subwords or of words")
        lowest = 300 if units == "subwords" else len(_NAMES) + 1
        if not lowest <= size <= 1_000_000:
            raise SettingsError(f"vocabulary of {size} tokens: give {lowest} to 1,000,000 for {units}")
        tokenizers = _tokenizers()
        models, trainers = tokenizers.models, tokenizers.trainers
        options = {
            "vocab_size": size,
            "min_frequency": least,
            "special_tokens": _special_tokens(),
            "show_progress": False,
        }
        if units == "words":
            tokenizer = _cutting(models.WordLevel(unk_token=_NAMES[UNKNOWN]), units)
            trainer = trainers.WordLevelTrainer(**options)
        else:
            tokenizer = _cutting(models.BPE(), units)
            alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
            trainer = trainers.BpeTrainer(initial_alphabet=sorted(alphabet), **options)
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str())

    def __reduce__(self) -> tuple[type[Vocabulary], tuple[str]]:
        # A copy is made anew: tokenizers' own forgets that texts cannot spell END and the like.
        return Vocabulary, (self.to_json(),)

    def __len__(self) -> int:
        size: int = self._tokenizer.get_vocab_size()
        return size

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, without START and END."""
        try:
            found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError) as error:
            raise TextError(
                f"a text cannot be read as Unicode ({error}); save it as UTF-8, or name its encoding"
            ) from error
        return [encoding.ids for encoding in found]

    def decode(self, rows: Iterable[Sequence[int]]) -> list[str]:
        """The text of each row of tokens; PAD, START and END say nothing."""
        texts: list[str] = self._tokenizer.decode_batch([list(row) for row in rows], skip_special_tokens=True)
        return [text.removeprefix(" ") for text in texts]

    def token(self, number: int) -> str:
        """Return the spelling of the token with this number."""
        name: str = self._tokenizer.id_to_token(number)
        return name

    def to_json(self) -> str:
        """All of it, for the constructor."""
        definition: str = self._tokenizer.to_str()
        return definition


def _cutting(model: Any, units: Units) -> Any:
    """The tokenizer that cuts texts into those units, and numbers them by `model`."""
    tokenizers = _tokenizers()
    normalizers, pre = tokenizers.normalizers, tokenizers.pre_tokenizers
    tokenizer = tokenizers.Tokenizer(model)
    if units == "words":
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre.Whitespace()
    else:
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
    # A text that spells a token such as <end> is a text like others.
    tokenizer.encode_special_tokens = True
    return tokenizer


def _special_tokens() -> list[Any]:
    return [_tokenizers().AddedToken(name, special=True, normalized=False) for name in _NAMES]


def _check(tokens: Any, merges: Any) -> None:
    """Raise ValueError unless these are numbered tokens, ours first, and merges of two of them to a third."""
    if not isinstance(tokens, dict):
        raise ValueError("not a vocabulary: its tokens are not numbered")
    if not isinstance(merges, list):
        raise ValueError(f"not a vocabulary: its merges are {merges!r}")
    numbers = list(tokens.values())
    if any(type(number) is not int for number in numbers) or sorted(numbers) != list(range(len(numbers))):
        raise ValueError(f"not a vocabulary: its tokens are not numbered from 0 to {len(numbers) - 1}")
    names = sorted(tokens, key=tokens.__getitem__)[: len(_NAMES)]
    if names != _NAMES:
        raise ValueError(f"not a vocabulary of foretell's: its first tokens are {names}")
    if any("\ud800" <= letter <= "\udfff" for token in tokens for letter in token):
        raise ValueError("not a vocabulary: a token is half a character")
    for merge in merges:
        pair = isinstance(merge, list) and len(merge) == 2 and all(isinstance(piece, str) for piece in merge)
        if not pair or not tokens.keys() >= {*merge, "".join(merge)}:
            raise ValueError(f"not a vocabulary: {merge!r} is no merge of its tokens")


def _tokenizers() -> Any:
    return load("tokenizers", "cuts texts into words and their parts", "text")
