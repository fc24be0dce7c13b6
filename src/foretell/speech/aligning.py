"""The first stage of training: the recordings of each voice are aligned with their phonemes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.errors import ModelError
from foretell.speech.alignment import Aligned, align, train
from foretell.speech.corpus import Recording, Speech, aligned_as
from foretell.speech.features import alignment_features
from foretell.speech.network import SpeechNetwork
from foretell.training import checkpoint as checkpoints

Durations = list[NDArray[np.int64]]
"""For each recording the frames `(N,)` of its symbols."""


def learn_alignment(
    network: SpeechNetwork,
    speech: Speech,
    voices: Sequence[str],
    numbers: dict[str, int],
    *,
    checkpoint: Path | None,
    identity: Any,
    on_progress: Callable[[float], None],
) -> Durations:
    """Align all recordings, and keep in `network` what aligns others. A finished alignment is kept in `checkpoint`.

    `numbers`: those of the phonemes. Raises ModelError for a checkpoint of other data.
    """
    mark = hashlib.sha256(repr(identity).encode()).hexdigest()
    stored = checkpoints.read(checkpoint) if checkpoint is not None else None
    if stored is not None:
        tensors, facts = stored
        if facts.get("identity") != mark:
            raise ModelError(
                f"the checkpoint in {checkpoint} is of a run on other data: give the same recordings and settings, or "
                "delete the folder to train from the start"
            )
        network.aligner_means.copy_(tensors["means"])
        network.aligner_variances.copy_(tensors["variances"])
        counts = [len(recording.symbols) for recording in speech.recordings]
        return [part.numpy() for part in torch.split(tensors["durations"], counts)]
    found: Durations = [np.zeros(0, np.int64)] * len(speech.recordings)
    for done, voice in enumerate(voices):
        places = [k for k, recording in enumerate(speech.recordings) if recording.voice == voice]
        gaussians, durations = train([_aligned(speech.recordings[k], numbers) for k in places], len(numbers))
        network.set_aligner(done, gaussians)
        for place, own in zip(places, durations, strict=True):
            found[place] = own
        on_progress((done + 1) / len(voices))
    if checkpoint is not None:
        tensors = {
            "means": network.aligner_means,
            "variances": network.aligner_variances,
            "durations": torch.from_numpy(np.concatenate(found)),
        }
        checkpoints.write(checkpoint, 1, tensors, {"identity": mark})
    return found


def align_others(network: SpeechNetwork, speech: Speech, voices: Sequence[str], numbers: dict[str, int]) -> Durations:
    """Align recordings that were not trained on."""
    found: Durations = [np.zeros(0, np.int64)] * len(speech.recordings)
    for number, voice in enumerate(voices):
        places = [k for k, recording in enumerate(speech.recordings) if recording.voice == voice]
        if places:
            recordings = [_aligned(speech.recordings[k], numbers) for k in places]
            for place, own in zip(places, align(recordings, network.aligner(number)), strict=True):
                found[place] = own
    return found


def _aligned(recording: Recording, numbers: dict[str, int]) -> Aligned:
    return Aligned(alignment_features(recording.mel), aligned_as(recording.symbols, numbers))
