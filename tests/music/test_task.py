from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from foretell.music.chorales import Chorale
from foretell.music.network import BEFORE, build
from foretell.music.notes import HIGHEST, LOWEST, classes_of
from foretell.music.settings import MusicSettings
from foretell.music.task import TrainingTask, evaluate, transposed


class Knowing(nn.Module):
    """Says the class after the last one's, and is as sure as it is told to be."""

    def __init__(self, context: int, sure: float) -> None:
        super().__init__()
        self.context = context
        self.sure = nn.Parameter(torch.tensor(sure))

    def forward(self, past: Any, position: Any, state: Any = None) -> Any:
        assert position.shape == past.shape[:1]
        last = past[:, self.context - 1 :]
        return nn.functional.one_hot((last + 1) % 47, 47) * self.sure, state


def counting(length: int, first: int = 0) -> Chorale:
    """A piece whose every class is the one after the last."""
    classes = (first + np.arange(4 * length)) % 47
    return Chorale("counting", np.where(classes == 0, 0, classes + LOWEST - 1).reshape(-1, 4))


@pytest.mark.parametrize("context", [1, 17])
def test_evaluation_counts_every_note_but_the_first(context: int) -> None:
    pieces = [counting(5), counting(9, first=3), counting(1)]
    score = evaluate(Knowing(context, 3.0), pieces)
    assert score.notes == 4 * 15 - 3
    assert score.accuracy == 1.0
    assert score.loss == pytest.approx(math.log(1 + 46 * math.exp(-3.0)), rel=1e-5)
    pieces[0].notes[2, 1] = 0
    two_wrong = evaluate(Knowing(context, 3.0), pieces)
    assert two_wrong.accuracy == pytest.approx(55 / 57)


@pytest.mark.parametrize("backbone", ["gru", "wavenet", "conv-lstm"])
def test_evaluation_does_not_depend_on_company(
    backbone: str, tiny: Callable[..., MusicSettings], cadences: Any
) -> None:
    torch.manual_seed(0)
    network = build(tiny(backbone)).eval()
    pieces = [Chorale("a", cadences(1)), Chorale("b", cadences(3, up=2))]
    together = evaluate(network, pieces)
    alone = [evaluate(network, [piece]) for piece in pieces]
    assert together.notes == sum(score.notes for score in alone)
    mean = sum(score.loss * score.notes for score in alone) / together.notes
    assert together.loss == pytest.approx(mean, rel=1e-5)


def test_transposed_stays_within_the_range() -> None:
    random = np.random.default_rng(0)
    pitches = np.array([[79, 0, 60, 38]])
    moves = {int(transposed(pitches, 6, random)[0, 2]) - 60 for _ in range(200)}
    assert moves == {-2, -1, 0, 1, 2}
    assert transposed(pitches, 6, random)[0, 1] == 0
    assert (transposed(pitches, 0, random) == pitches).all()
    widest = np.array([[HIGHEST, 60, 60, LOWEST]])
    assert (transposed(widest, 6, random) == widest).all()
    silent = np.zeros((2, 4), dtype=np.int64)
    assert (transposed(silent, 6, random) == silent).all()


def test_windows_show_the_past_and_ask_for_what_follows(tiny: Callable[..., MusicSettings]) -> None:
    piece = counting(40)
    context, chords = 5, 16
    task = TrainingTask([piece], tiny(semitones=0, window=chords, batch_size=50), context)
    batch = task.batch(3)
    classes = classes_of(piece.notes).reshape(-1)
    assert batch["past"].shape == (50, context + 4 * chords - 1)
    for past, position, notes in zip(batch["past"], batch["position"].tolist(), batch["notes"], strict=True):
        assert position % 4 == 0
        assert notes.tolist() == classes[position : position + 4 * chords].tolist()
        assert past[context:].tolist() == notes[:-1].tolist()
        before = [BEFORE] * context + classes.tolist()
        assert past[:context].tolist() == before[position : position + context]
    starts = batch["position"] // 4
    assert (starts == 0).sum() > 1  # beginnings and ends come up
    assert (starts == 24).sum() > 1


def test_a_batch_is_a_function_of_its_number(chorales: tuple[Chorale, ...], tiny: Callable[..., MusicSettings]) -> None:
    one, two = (TrainingTask(chorales, tiny(), 4) for _ in range(2))
    assert torch.equal(one.batch(7)["notes"], two.batch(7)["notes"])
    assert not torch.equal(one.batch(7)["notes"], one.batch(8)["notes"])


def test_short_chorales_are_padded_and_padding_teaches_nothing(tiny: Callable[..., MusicSettings]) -> None:
    pieces = [counting(1), counting(8)]
    task = TrainingTask(pieces, tiny(semitones=0, window=100, batch_size=32), 3)
    batch = task.batch(0)
    assert batch["notes"].shape == (32, 32)
    known = (batch["notes"] != -100).sum(1)
    assert set(known.tolist()) == {4, 32}
    loss, _ = task.loss(Knowing(3, 3.0), batch, None)
    first_notes = int((batch["position"] == 0).sum())
    sure = math.log(1 + 46 * math.exp(-3.0))
    # Only a chorale's first note, which nothing announces, may be another than the one counted to.
    assert loss.item() <= sure + 3.0 * first_notes / int(known.sum()) + 1e-4


@pytest.mark.parametrize("backbone", ["gru", "lstm", "wavenet", "conv-lstm"])
def test_a_long_piece_goes_by_in_parts(
    backbone: str, tiny: Callable[..., MusicSettings], cadences: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = build(tiny(backbone)).eval()
    pieces = [Chorale("a", cadences(9)), Chorale("b", cadences(2, up=2))]
    whole = evaluate(network, pieces)
    monkeypatch.setattr("foretell.music.task._NOTES_AT_ONCE", 50)
    parts = evaluate(network, pieces)
    assert (parts.notes, parts.accuracy) == (whole.notes, whole.accuracy)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)
