from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from foretell.caption import Captioned, CaptionSettings
from foretell.caption.network import build
from foretell.caption.task import TrainingTask, exact_share, mean_loss, moved, paler
from foretell.nn import sequence_loss
from foretell.text.vocabulary import END, START, UNKNOWN, Vocabulary


@pytest.fixture
def vocabulary(squares: Callable[..., Captioned]) -> Vocabulary:
    return Vocabulary.learn((text for texts in squares().captions for text in texts), 300)


def test_batches(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    data = squares()
    task = TrainingTask(data, vocabulary, tiny(shift=0, forgotten=0.0))
    seen: list[str] = []
    for number in range(3):
        batch = task.batch(number)
        assert batch["images"].shape == (8, 16, 16, 3)
        assert (batch["fed"][:, 0] == START).all()
        for image, fed, due, length in zip(*(batch[k] for k in ("images", "fed", "due", "lengths")), strict=True):
            row = next(k for k, known in enumerate(data.images) if (known == image.numpy()).all())
            assert (fed[1:length] == due[: length - 1]).all()
            assert due[length - 1] == END
            assert vocabulary.decode([due.tolist()]) == list(data.captions[row])
            seen.append(data.names[row])
    assert sorted(seen) == sorted(data.names)  # all of them once an epoch
    again = TrainingTask(data, vocabulary, tiny(shift=0, forgotten=0.0)).batch(2)
    assert all((again[name] == tensor).all() for name, tensor in batch.items())
    other = [task.batch(number)["images"] for number in range(3, 6)]
    assert not torch.equal(torch.cat(other), torch.cat([task.batch(number)["images"] for number in range(3)]))


def test_each_of_several_captions_has_its_turn(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    data = replace(squares(1), captions=(("red", "green", "blue"),) * 6)
    task = TrainingTask(data, vocabulary, tiny(forgotten=0.0))
    written = {text for n in range(20) for text in vocabulary.decode(task.batch(n)["due"].tolist())}
    assert written == {"red", "green", "blue"}


def test_some_words_are_hidden(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    task = TrainingTask(squares(40), vocabulary, tiny(forgotten=0.3, batch_size=240))
    batch = task.batch(0)
    assert (batch["fed"][:, 0] == START).all()
    assert (batch["due"] != UNKNOWN).all()
    assert (batch["fed"][:, 1:4] == UNKNOWN).float().mean() == pytest.approx(0.3, abs=0.05)


def test_some_words_are_mistaken_for_others_of_the_batch(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    exact, wrong = (
        TrainingTask(squares(40), vocabulary, tiny(forgotten=0.0, mistaken=share, batch_size=240)).batch(0)
        for share in (0.0, 0.5)
    )
    assert torch.equal(wrong["due"], exact["due"])
    assert (wrong["fed"][:, 0] == START).all()
    assert set(wrong["fed"][:, 1:].flatten().tolist()) == set(exact["fed"][:, 1:].flatten().tolist())
    padding = torch.arange(exact["fed"].shape[1]) >= exact["lengths"][:, None]
    assert (wrong["fed"][padding] == exact["fed"][padding]).all()
    # Half of them are drawn anew, of whom some are as they were.
    assert 0.3 < (wrong["fed"][:, 1:] != exact["fed"][:, 1:]).float().mean() < 0.5


def test_some_pictures_are_paler(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    data = squares(40)
    exact, paled = (
        TrainingTask(data, vocabulary, tiny(pale=share, shift=0, batch_size=240)).batch(0)["images"].float()
        for share in (0.0, 0.5)
    )
    changed = (exact != paled).flatten(1).any(1)
    assert changed.float().mean() == pytest.approx(0.5, abs=0.1)
    colour, left = (images.amax(3).sub(images.amin(3)).flatten(1).amax(1) for images in (exact, paled))
    assert (left[changed] < colour[changed]).all()
    assert (left > 0.08 * colour).all()


def test_what_is_due_is_smoothed_in_training(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    torch.manual_seed(0)
    network = build(tiny(), len(vocabulary)).eval()
    sharp, smooth = (TrainingTask(squares(), vocabulary, tiny(smoothing=share)) for share in (0.0, 0.2))
    batch = sharp.batch(0)
    with torch.no_grad():
        scores = network(batch["images"], batch["fed"], batch["lengths"])
        even = -scores.log_softmax(-1).mean(-1)[torch.arange(scores.shape[1]) < batch["lengths"][:, None]].mean()
        (one, _), (two, _) = (task.loss(network, batch, None) for task in (sharp, smooth))
    assert float(two) == pytest.approx(0.8 * float(one) + 0.2 * float(even), rel=1e-5)


def test_a_long_caption_is_cut_off(
    squares: Callable[..., Captioned], tiny: Callable[..., CaptionSettings], vocabulary: Vocabulary
) -> None:
    long = (" ".join(["red"] * 10_000), "red")
    data = replace(squares(1), captions=(long,) * 6)
    task = TrainingTask(data, vocabulary, tiny(longest=5, forgotten=0.0))
    assert task.cut == 6
    batches = [task.batch(number) for number in range(9)]
    assert {length for batch in batches for length in batch["lengths"].tolist()} == {2, 5}
    assert all((batch["due"][batch["lengths"] == 5] != END).all() for batch in batches)


def test_the_mean_loss_counts_every_word_once(
    squares: Callable[..., Captioned],
    tiny: Callable[..., CaptionSettings],
    vocabulary: Vocabulary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    settings = tiny(shift=0, forgotten=0.0, batch_size=24)
    network, data = build(settings, len(vocabulary)).eval(), squares()
    monkeypatch.setattr("foretell.caption.task._AT_ONCE", 5)
    found = mean_loss(network, data, vocabulary, settings)
    batch = TrainingTask(data, vocabulary, settings).batch(0)
    with torch.no_grad():
        scores = network(batch["images"], batch["fed"], batch["lengths"])
        assert found == pytest.approx(float(sequence_loss(scores, batch["due"], lengths=batch["lengths"])), rel=1e-5)


def test_exact_share() -> None:
    captions = (("a dog", "the dog"), ("a  cat",), ("a bird",))
    assert exact_share(["the dog", "a cat", "a birds"], captions) == pytest.approx(2 / 3)


def test_paler() -> None:
    image = np.array([[255, 255, 255], [255, 0, 0], [0, 0, 10]], np.uint8)
    assert (paler(image, 1.0) == image).all()
    assert paler(image, 0.0).tolist() == [[255] * 3, [76] * 3, [1] * 3]
    assert paler(image, 0.5).tolist() == [[255] * 3, [166, 38, 38], [1, 1, 6]]


def test_a_picture_is_moved_and_its_edge_fills_the_rest() -> None:
    image = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    random = np.random.default_rng(0)
    assert (moved(image, 0, random) == image).all()
    found = set()
    for _ in range(200):
        shifted = moved(image, 2, random)
        down, right = next(
            (d, r)
            for d in range(-2, 3)
            for r in range(-2, 3)
            if (shifted[2:-2, 2:-2] == image[2 + d : 14 + d, 2 + r : 14 + r]).all()
        )
        found.add((down, right))
        edge = image[np.clip(np.arange(16) + down, 0, 15)][:, np.clip(np.arange(16) + right, 0, 15)]
        assert (shifted == edge).all()
    assert len(found) == 25
