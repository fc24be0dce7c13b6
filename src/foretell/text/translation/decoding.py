"""Texts in one language into texts in another: cut where they are too long, decoded in batches, put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch

from foretell.nn.decoding.tokens import generate
from foretell.text.batches import padded
from foretell.text.translation.network import TranslationNetwork
from foretell.text.translation.settings import Search
from foretell.text.translation.task import Vocabularies
from foretell.text.vocabulary import END, START, Vocabulary

_STOPS = (".", "!", "?", "…", "。", "！", "？", ";", ":")  # noqa: RUF001 (full-width marks end Chinese sentences)
_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_SPARE = 20
"""Tokens that a translation may have beyond twice those of the longest source."""
_WORD = "Ġ"
"""Prefix of a token that begins a word."""


class Translations(NamedTuple):
    """Texts in the target's language, and what they took."""

    texts: list[str]
    tokens: int
    """Tokens written, the ends of sentences among them."""
    cut: int
    """Number of texts that were too long for the network and were translated in pieces."""


def translate(
    network: TranslationNetwork,
    vocabularies: Vocabularies,
    texts: Sequence[str],
    search: Search,
    longest: int,
    on_progress: Callable[[float], None] | None = None,
) -> Translations:
    """Return the translation of each text, in order; that of a text without words is empty.

    Batches hold texts of similar length, so that memory does not depend on the number of texts. A text of more than
    `longest` tokens is translated in pieces, cut where a sentence or at least a word ends.
    """
    found = vocabularies.source.encode([text.strip() for text in texts])
    pieces = [list(cut(row, longest, vocabularies.source)) for row in found]
    flat = [(k, piece) for k, row in enumerate(pieces) for piece in row]
    order = sorted(range(len(flat)), key=lambda n: len(flat[n][1]), reverse=True)
    written: list[list[int]] = [[] for _ in flat]
    device, tokens = network.bias.device, 0
    for first in range(0, len(order), search.batch):
        group = order[first : first + search.batch]
        source, lengths = padded([flat[n][1] for n in group])
        with torch.no_grad():
            state = network.encode(source.to(device), lengths)
        start = torch.full((len(group),), START, device=device)
        # One bound for all texts: none may depend on its company.
        ids, counts = generate(
            network,
            state,
            start,
            max_steps=2 * longest + _SPARE,
            end=END,
            beam_size=search.beam,
            length_penalty=search.length_penalty,
        )
        for n, row, count in zip(group, ids.tolist(), counts.tolist(), strict=True):
            written[n] = row[:count]
            tokens += count + 1
        if on_progress is not None:
            on_progress((first + len(group)) / len(order))
    translated: list[list[str]] = [[] for _ in texts]
    for (k, _), text in zip(flat, vocabularies.target.decode(written), strict=True):
        translated[k].append(_BREAKS.sub(" ", text).strip())
    return Translations(
        [" ".join(filter(None, row)) for row in translated], tokens, sum(len(row) > 1 for row in pieces)
    )


def cut(row: list[int], longest: int, vocabulary: Vocabulary) -> Iterator[list[int]]:
    """The tokens of a text in pieces of at most `longest`.

    Cut after a mark that ends a sentence, if there is one in the second half, else before a word, else anywhere.
    """
    while len(row) > longest:
        names = [vocabulary.token(token) for token in row[: longest + 1]]
        words = [n for n in range(1, longest + 1) if names[n].startswith(_WORD)]
        stops = [n for n in words if names[n - 1].endswith(_STOPS) and n > longest // 2]
        at = (stops or words or [longest])[-1]
        yield row[:at]
        row = row[at:]
    if row:
        yield row
