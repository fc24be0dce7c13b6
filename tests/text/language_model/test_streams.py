from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from foretell.text.language_model.characters import NONE
from foretell.text.language_model.streams import Streams


def numbers(length: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.arange(1, length + 1, dtype=np.int32)


def test_each_stream_goes_on_where_it_was() -> None:
    streams = Streams(numbers(100), 3, 7)
    assert (streams.count, streams.length) == (3, 7)
    before = streams.chunk(0)
    assert before["read"].dtype == before["due"].dtype == torch.int64
    assert before["read"][:, 0].tolist() == [NONE, 33, 67]
    for number in range(1, 60):
        chunk = streams.chunk(number)
        assert torch.equal(chunk["read"][:, 0], before["due"][:, -1])
        assert torch.equal(chunk["read"][:, 1:], chunk["due"][:, :-1])
        # The text is a ring: 0 stands between its end and its beginning.
        assert torch.equal((chunk["read"] + 1) % 101, chunk["due"])
        before = chunk


def test_every_character_is_read_equally_often() -> None:
    streams = Streams(numbers(100), 3, 7)
    read = Counter(n for k in range(101) for n in streams.chunk(k)["due"].flatten().tolist())
    assert set(read) == set(range(101))
    assert set(read.values()) == {21}


@pytest.mark.parametrize(
    ("length", "streams", "chunk", "due"),
    [(2, 64, 128, (1, 3)), (40, 64, 8, (5, 8)), (127, 64, 128, (1, 128)), (40, 2, 8, (2, 8))],
)
def test_a_short_text_has_fewer_streams_and_shorter_chunks(
    length: int, streams: int, chunk: int, due: tuple[int, int]
) -> None:
    found = Streams(numbers(length), streams, chunk)
    assert (found.count, found.length) == due
    assert found.chunk(5)["read"].shape == due


def test_a_chunk_is_a_function_of_its_number() -> None:
    one, two = (Streams(numbers(50), 4, 5) for _ in range(2))
    for _ in range(9):
        one.chunk(3)
    assert torch.equal(one.chunk(9)["due"], two.chunk(9)["due"])
    assert one.chunk(10**12)["due"].max() <= 50
