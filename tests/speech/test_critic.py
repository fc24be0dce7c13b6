"""The critic of spectra: what it is shown, and who learns from what."""

from __future__ import annotations

import pytest
import torch

from foretell.speech import SpeechSettings
from foretell.speech.acoustic import AcousticNetwork
from foretell.speech.acoustic_task import AcousticBatch, Prepared, batch_of, error
from foretell.speech.critic import STRETCH, Criticised, loss, stretches

BANDS = 16


def batch(*frames: int) -> AcousticBatch:
    """Utterances of two symbols and so many frames."""
    torch.manual_seed(0)
    return batch_of(
        [
            Prepared(
                torch.tensor([0, 1]),
                torch.tensor([0, 1]),
                0,
                0,
                torch.tensor([count // 2, count - count // 2]),
                torch.randn(count, BANDS),
                torch.randn(count),
                torch.ones(count, dtype=torch.bool),
            )
            for count in frames
        ]
    )


def network() -> Criticised:
    torch.manual_seed(1)
    settings = SpeechSettings(hidden=8, encoder_layers=1, decoder_layers=1, dropout=0.0)
    return Criticised(AcousticNetwork(settings, symbols=2, voices=1, languages=1, bands=BANDS), seed=1)


def test_the_critic_sees_recorded_frames_and_silence_past_the_end() -> None:
    mel = torch.arange(1.0, 201).view(2, 100, 1).expand(-1, -1, BANDS)
    mask = torch.arange(100) < torch.tensor([100, 30])[:, None]
    seen = stretches(mel, mask, torch.tensor([40, 0]))
    assert seen.shape == (2, STRETCH, BANDS)
    assert torch.equal(seen[0], mel[0, 40 : 40 + STRETCH])
    assert torch.equal(seen[1, :30], mel[1, :30])
    assert not seen[1, 30:].any()


def test_the_acoustic_network_learns_from_what_the_critic_says() -> None:
    judged, data = network(), batch(60, 90)
    loss(judged, data, None)[0].backward()
    convinced = judged.acoustic.mel.weight.grad
    plain = network()
    error(plain.acoustic(data.phonemes, data.durations, data.pitch, data.voiced), data).backward()
    assert convinced is not None
    assert plain.acoustic.mel.weight.grad is not None
    assert not torch.allclose(convinced, plain.acoustic.mel.weight.grad)


def test_the_critic_learns_to_tell_recorded_from_predicted_spectra() -> None:
    judged, data = network(), batch(60, 90)
    for _ in range(60):
        judged.zero_grad()
        loss(judged, data, None)[0].backward()
        with torch.no_grad():
            for parameter in judged.critic.parameters():
                assert parameter.grad is not None
                parameter.sub_(0.1 * parameter.grad)
    with torch.no_grad():
        spoken = judged.acoustic(data.phonemes, data.durations, data.pitch, data.voiced)
        starts = torch.zeros(2, dtype=torch.int64)
        recorded, predicted = (judged.critic(stretches(m, spoken.mask, starts))[0] for m in (data.mel, spoken.mel))
    assert float(recorded.mean()) > float(predicted.mean()) + 0.3


@pytest.mark.parametrize("frames", [(3,), (STRETCH,), (STRETCH + 1, 5)])
def test_short_utterances_are_judged(frames: tuple[int, ...]) -> None:
    value, _ = loss(network(), batch(*frames), None)
    assert torch.isfinite(value)
