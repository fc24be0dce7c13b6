"""`foretell audio generate`"""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Annotated

from typer import Option

from foretell.cli.audio.options import AudioModelFolder, GenerationOptions
from foretell.cli.options import TalkOptions
from foretell.cli.progress import ProgressDisplay, duration
from foretell.cli.talk import Talk
from foretell.errors import SettingsError


def generate(
    model: AudioModelFolder,
    ask: GenerationOptions,
    *,
    out: Annotated[
        Path,
        Option("--out", "-o", metavar="FILE", help="A file, .wav or .flac by its ending.", rich_help_panel="Output"),
    ],
    words: TalkOptions,
) -> None:
    """Generate sound with a model, sample by sample, and write it as it comes.

    The file appears once it is whole.
    """
    talk = Talk(words)

    from foretell.audio.model import AudioModel
    from foretell.audio.writing import SoundWriter, require_writable

    require_writable(out)
    if ask.seed_audio is not None and ask.seed_audio.resolve() == out.resolve():
        raise SettingsError(f"output {out} is the sound that is read, which would be lost; give another")
    voice = AudioModel.load(model)
    stream = voice.stream(
        ask.seconds,
        speaker=ask.speaker,
        seed_audio=ask.seed_audio,
        temperature=ask.temperature,
        top_k=ask.top_k,
        top_p=ask.top_p,
        seed=ask.seed,
        weights=ask.weights.value,
    )
    total = ask.seconds * voice.rate
    began = monotonic()

    def words_now() -> str:
        return _words(writer.samples, voice.rate, min(writer.samples / total, 1.0), monotonic() - began)

    with ProgressDisplay(talk.aside) as display, SoundWriter(out, voice.rate, expected=round(total)) as writer:
        for waveform in stream:
            writer.write(waveform)
            display.show("Generating", min(writer.samples / total, 1.0), words_now)
    seconds = monotonic() - began
    a_second = writer.samples / max(seconds, 1e-9)
    talk.say(
        f"{out}: {writer.samples / voice.rate:.2f} s of sound at {voice.rate:,} samples a second, generated in "
        f"{seconds:.2f} s: {a_second:,.0f} samples a second, {a_second / voice.rate:.2f} times real time."
    )
    talk.document(
        {
            "file": str(out),
            "samples": writer.samples,
            "sample_rate": voice.rate,
            "seconds": seconds,
            "samples_a_second": a_second,
            "times_real_time": a_second / voice.rate,
            "speaker": ask.speaker or (voice.speakers[0] if voice.speakers else None),
            "seed": ask.seed,
        }
    )


def _words(samples: int, rate: int, done: float, seconds: float) -> str:
    a_second = samples / max(seconds, 1e-9)
    left = f"{duration(seconds * (1 - done) / done)} left" if done < 1 else duration(seconds)
    return f"{a_second:,.0f} samples a second, {a_second / rate:.2f} times real time, {left}"
