"""`foretell audio evaluate`"""

from __future__ import annotations

from time import monotonic

from foretell.cli.audio.options import AudioModelFolder, SkipSilent, SoundFolder
from foretell.cli.options import TalkOptions
from foretell.cli.progress import ProgressDisplay, time_left
from foretell.cli.talk import Talk
from foretell.cli.training_options import Device


def evaluate(
    model: AudioModelFolder,
    folder: SoundFolder,
    *,
    skip_silent: SkipSilent = False,
    device: Device = "auto",
    words: TalkOptions,
) -> None:
    """Say how many bits a sample a model needs for a folder of sounds: fewer are better.

    The sounds are resampled, trimmed and, where the model tells speakers apart, sorted by them as in its training.
    """
    talk = Talk(words)

    from foretell.audio.model import AudioModel

    judged = AudioModel.load(model)
    began = monotonic()
    with ProgressDisplay(talk.aside) as display:
        found = judged.evaluate(
            folder,
            skip_silent=skip_silent,
            device=device,
            on_progress=lambda done: display.show("Evaluating", done, lambda: time_left(done, monotonic() - began)),
        )
    talk.heading(f"{model} on {folder}: {found.sounds:,} sounds, {found.samples / judged.rate:,.1f} s")
    names = ["speaker", "bits a sample", "samples"] if found.speakers else ["", "bits a sample", "samples"]
    rows = [*found.speakers, ("all", found.bits, found.samples)]
    talk.table(names, rows, strong=len(rows) - 1)
    talk.document(
        {
            "bits": found.bits,
            "samples": found.samples,
            "sounds": found.sounds,
            "sample_rate": judged.rate,
            "head": judged.settings.head,
            "speakers": [{"speaker": name, "bits": bits, "samples": n} for name, bits, n in found.speakers],
        }
    )
