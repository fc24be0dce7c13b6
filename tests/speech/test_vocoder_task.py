"""What the vocoder is trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from foretell.nn.mu_law import decode
from foretell.speech.vocoder_task import VocoderBatches, Voiced, levels_of

HOP = 80


def batches(misheard: float) -> VocoderBatches:
    random = np.random.default_rng(0)
    residual = random.normal(0, 1, 200 * HOP).astype(np.float32)
    frames = random.normal(0, 1, (200, 6)).astype(np.float32)
    phase = np.arange(200 * HOP, dtype=np.float32)
    recordings = [Voiced(frames, levels_of(residual), phase)]
    return VocoderBatches(recordings, batch=40, stretch=12, margin=4, hop=HOP, seed=3, misheard=misheard)


def test_each_sample_is_learned_from_those_before_it() -> None:
    batch = batches(0.0)(5)
    assert torch.equal(batch.before[:, 1:], batch.levels[:, :-1])
    assert batch.frames.shape == (40, 4 + 12 + 4, 6)
    assert torch.equal(batches(0.0)(5).before, batch.before)
    # The phase of a stretch is that of its samples.
    assert torch.equal(batch.phase.diff(dim=1), torch.ones(40, 12 * HOP - 1))
    assert torch.equal(batch.phase[:, 0] % HOP, torch.zeros(40))


def test_what_is_read_is_louder_or_quieter_than_what_is_learned() -> None:
    true, misheard = batches(0.0)(5), batches(4.0)(5)
    assert torch.equal(true.levels, misheard.levels)
    assert torch.equal(true.frames, misheard.frames)

    def loudness(levels: torch.Tensor) -> torch.Tensor:
        return 10 * decode(levels[:, HOP:]).square().mean(1).log10()

    errors = loudness(misheard.before) - loudness(true.before)
    # The deviation is uniform up to 4 dB, so that the errors have 4 / sqrt(3) dB.
    assert float(errors.std()) == pytest.approx(4 / 3**0.5, rel=0.25)
    assert float(errors.abs().max()) > 3
    ratio = decode(misheard.before) / decode(true.before)
    loud = (decode(true.before).abs() > 0.05) & (decode(misheard.before).abs() < 0.9)
    assert all(float(r[keep].std() / r[keep].mean()) < 0.03 for r, keep in zip(ratio, loud, strict=True))
