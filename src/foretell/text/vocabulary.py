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


class Vocabulary:
    """The tokens that texts are made of, numbered; learned once, kept with the model.

    - "subwords": byte pair encoding (Sennrich, Haddow & Birch, 2016) over bytes: every text has tokens, whatever its
      script, and `decode` gives it back as it was, but for the spelling of composed characters (NFC).
    - "words": words and marks of punctuation in lower case; what is not in the vocabulary becomes UNKNOWN.
    """

    def __init__(self, definition: str) -> None:
        """From what `to_json` gave. Raises ValueError where that is not it."""
        tokenizers = _tokenizers()
        try:
            # A stranger's definition: what the package makes of it may be any exception.
            self._tokenizer = tokenizers.Tokenizer.from_str(definition)
            kind = json.loads(definition)["model"]["type"]
        except Exception as error:
            raise ValueError(f"no vocabulary: {str(error).splitlines()[0] if str(error) else error!r}") from error
        names = [self._tokenizer.id_to_token(k) for k in range(len(_NAMES))]
        if names != _NAMES or kind not in ("BPE", "WordLevel"):
            raise ValueError(f"no vocabulary of foretell's: its first tokens are {names}")
        self.units: Units = "words" if kind == "WordLevel" else "subwords"

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
        normalizers, pre = tokenizers.normalizers, tokenizers.pre_tokenizers
        trainer: Any
        options = {
            "vocab_size": size,
            "min_frequency": least,
            "special_tokens": [tokenizers.AddedToken(name, special=True, normalized=False) for name in _NAMES],
            "show_progress": False,
        }
        if units == "words":
            tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token=_NAMES[UNKNOWN]))
            tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
            tokenizer.pre_tokenizer = pre.Whitespace()
            trainer = tokenizers.trainers.WordLevelTrainer(**options)
        else:
            tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
            tokenizer.normalizer = normalizers.NFC()
            tokenizer.pre_tokenizer = pre.ByteLevel(add_prefix_space=True)
            tokenizer.decoder = tokenizers.decoders.ByteLevel()
            trainer = tokenizers.trainers.BpeTrainer(initial_alphabet=sorted(pre.ByteLevel.alphabet()), **options)
        # A text that spells a token such as <end> is a text like others.
        tokenizer.encode_special_tokens = True
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str())

    def __len__(self) -> int:
        size: int = self._tokenizer.get_vocab_size()
        return size

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, without START and END."""
        self._tokenizer.encode_special_tokens = True
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
        """How the token with this number is spelled."""
        name: str = self._tokenizer.id_to_token(number)
        return name

    def to_json(self) -> str:
        """All of it, for the constructor."""
        definition: str = self._tokenizer.to_str()
        return definition


def _tokenizers() -> Any:
    return load("tokenizers", "cuts texts into words and their parts", "text")
