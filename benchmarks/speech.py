"""Voices trained on recordings, judged by Whisper, DNSMOS and Resemblyzer beside the recordings and other synthesisers.

    python benchmarks/speech.py --data FOLDER --work WORK [--voices allison june] [--minutes 60] [--judge PYTHON]

FOLDER holds a folder for each voice, with metadata.csv and wavs. With --words, a text with a sentence per line,
Pico says some of its sentences as a further voice, which is trained on but not judged, so that the voices learn words
that their recordings lack. PYTHON has the judges and the peers that are packages (see `speech_judges.py` and
`speech_peers.py`); what is missing is said and left out. After the voices a WaveNet without linear prediction is
trained for as long as their vocoder (--plain 0 leaves it out), and a recogniser of phonemes.

All that is made lies in WORK: the networks, the sounds, to be listened to, and what was heard in them. What is there
is not made again, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from side_by_side import machine
from speech_peers import PEERS
from speech_phones import phone_errors, phones_of
from speech_plain import speak, synthesiser, trained
from speech_sounds import (
    CODEC,
    HARVARD,
    OURS,
    PROMPTS,
    RECORDINGS,
    REFERENCE,
    Recorder,
    Through,
    divided,
    harvard,
    pico_voice,
    read,
    recorded,
    said_by_peer,
    spoken,
)
from speech_table import Judgement, table, targets

from foretell.speech import Speech, SpeechModel

_COMMAND = "import sys; from foretell.cli import main; sys.exit(main())"
_KNOWN_BY = 20
"""Recordings of the training part by which a speaker is known."""
_WORDY = 500
"""Sentences by Pico."""
_VOCODER_SHARE = 0.62
"""Of the minutes of training, about."""
_LINE = "The birch canoe slid on the smooth planks."


def main() -> None:
    """Train, speak, have it judged, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--voices", nargs="+")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--judge", default=sys.executable)
    parser.add_argument("--words", type=Path)
    parser.add_argument("--plain", type=float, help="minutes for a WaveNet without linear prediction, 0 for none")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    names = asked.voices or sorted(p.parent.name for p in asked.data.glob("*/metadata.csv"))
    folders = [asked.data / name for name in names]
    more = [pico_voice(asked.work / "pico", asked.words, _WORDY, asked.judge)] if asked.words else []
    place = asked.work / "model"
    if not place.exists():
        train(folders + more, place, "--minutes", f"{asked.minutes:g}")
    model = SpeechModel.load(place)
    print("\n".join(model.sentences()))
    held, learned = divided(folders + more, model.settings, asked.work / "held-out.json")
    held = [prompt for prompt in held if prompt.voice in names]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    recorder = Recorder(asked.work / "sounds")
    for name in names:
        recorder.keep(RECORDINGS, REFERENCE, [p for p in learned if p.voice == name][:_KNOWN_BY], recorded)
    recorder.keep(RECORDINGS, PROMPTS, held, recorded)
    recorder.keep(CODEC, PROMPTS, held, Through(model, asked.work))
    recorder.keep(OURS, PROMPTS, held, spoken(model))
    english = [prompt for prompt in held if prompt.language.startswith("en")]
    parts = {PROMPTS: english, HARVARD: list(harvard(english[0].voice)) if english else []}
    recorder.keep(OURS, HARVARD, parts[HARVARD], spoken(model))
    plain_minutes = _VOCODER_SHARE * asked.minutes if asked.plain is None else asked.plain
    if plain_minutes and english:
        torch.set_num_threads(threads)
        plain = trained(model, read((*folders, *more), model.settings)[0], plain_minutes, asked.work / "plain")
        torch.set_num_threads(1)
        recorder.keep("without linear prediction", PROMPTS, english, partial(speak, model, synthesiser(model, plain)))
    for peer in PEERS:
        said_by_peer(recorder, peer, asked.judge, parts)

    judged = Judgement(recorder.sounds, heard(recorder, asked.judge))
    print(f"\n{machine()['processor']}, {len(held)} held-out prompts, {len(english)} of them English\n")
    print("\n".join(table(judged, names)), "\n")
    megabytes = sum(p.stat().st_size for p in place.rglob("*") if p.is_file()) / 1e6
    print("\n".join(targets(judged, names, speed(model, english[0].voice if english else names[0]), megabytes)))
    # Of Pico nothing is judged.
    own, others = (only(part, names) for part in read((*folders, *more), model.settings))
    print("\n".join(phone_errors(recorder, phones_of(model, own, asked.work / "phones"), others, names)))


def only(speech: Speech, voices: Sequence[str]) -> Speech:
    """The recordings of some voices."""
    return replace(speech, recordings=tuple(r for r in speech.recordings if r.voice in voices))


def train(folders: Sequence[Path], place: Path, *length: str) -> None:
    """Train as one types it."""
    arguments = ["speech", "train", *map(str, folders), "--out", str(place), *length]
    print("foretell", *arguments)
    subprocess.run([sys.executable, "-c", _COMMAND, *arguments], check=True)


def heard(recorder: Recorder, python: str) -> dict[str, Any]:
    """What the judges say of all sounds."""
    asked = []
    for s in recorder.sounds:
        english = s.language.startswith("en") and s.part != REFERENCE
        speaker = s.row in (RECORDINGS, CODEC, OURS) and s.part != HARVARD
        asked.append(
            {"path": str(s.path), "words": english, "quality": english and s.part == PROMPTS, "speaker": speaker}
        )
    sounds, output = recorder.folder / "sounds.json", recorder.folder / "heard.json"
    sounds.write_text(json.dumps(asked), encoding="utf-8")
    judges = Path(__file__).with_name("speech_judges.py")
    subprocess.run([python, str(judges), str(sounds), str(output)], check=True)
    said: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    for name, why in said["missing"].items():
        print(f"There is no judge of {name}: {why}")
    return said


def speed(model: SpeechModel, voice: str) -> tuple[float, float]:
    """The real-time factor on one thread, and the milliseconds to the first sound: medians of five warm calls.

    Both are processor time, which other work on the machine hardly changes.
    """
    measured = []
    for _ in range(6):
        began, first, samples = time.process_time(), 0.0, 0
        for chunk in model.stream(_LINE, voice=voice, language="en"):
            first = first or time.process_time() - began
            samples += len(chunk)
        measured.append(((time.process_time() - began) * model.rate / samples, 1000 * first))
    factors, firsts = zip(*measured[1:], strict=True)
    return sorted(factors)[2], sorted(firsts)[2]


if __name__ == "__main__":
    main()
