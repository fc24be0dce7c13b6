"""In which band the vocoder loses quality, from what `speech.py` made: `--work WORK --judge PYTHON`.

The held-out English prompts as they were recorded and the same through the vocoder, below a frequency from one and
above it from the other, judged by DNSMOS.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from side_by_side import machine
from speech_sounds import CODEC, PROMPTS, RATE, RECORDINGS, place_of
from tables import markdown

HERTZ = (500, 1000, 2000)
_SLOPE = 60.0
"""Hz over which one fades into the other."""


def main() -> None:
    """Mix, have it judged, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--judge", default=sys.executable)
    parser.add_argument("--voice", default="allison")
    asked = parser.parse_args()
    folders = [place_of(asked.work / "sounds", row, PROMPTS, asked.voice, 0).parent for row in (RECORDINGS, CODEC)]
    pairs = [(path, folders[1] / path.name) for path in sorted(folders[0].glob("*.wav"))]
    out = asked.work / "bands"
    out.mkdir(exist_ok=True)
    made: dict[str, list[Path]] = {}
    for hertz in HERTZ:
        for name, swapped in ((f"recorded below {hertz} Hz", False), (f"recorded above {hertz} Hz", True)):
            made[name] = [out / f"{name.replace(' ', '-')}-{path.name}" for path, _ in pairs]
            for (recording, vocoder), to in zip(pairs, made[name], strict=True):
                low, high = (heard(path) for path in ((vocoder, recording) if swapped else (recording, vocoder)))
                soundfile.write(to, np.clip(mixed(low, high, hertz), -1, 1), RATE)
    made |= {RECORDINGS: [path for path, _ in pairs], CODEC: [path for _, path in pairs]}
    said = judged(out, [path for paths in made.values() for path in paths], asked.judge)
    rows = [[name, f"{np.mean([said[str(path)] for path in paths]):.2f}"] for name, paths in made.items()]
    print(f"{machine()['processor']}, {len(pairs)} prompts\n\n{markdown(['', 'DNSMOS'], rows)}")


def heard(path: Path) -> NDArray[np.float32]:
    """A sound."""
    waveform: NDArray[np.float32] = soundfile.read(path, dtype="float32")[0]
    return waveform


def mixed(low: NDArray[np.float32], high: NDArray[np.float32], hertz: float) -> NDArray[np.float64]:
    """One sound below a frequency, another above it; the longer one is cut."""
    size = min(len(low), len(high))
    share = 1 / (1 + np.exp((np.fft.rfftfreq(size, 1 / RATE) - hertz) / _SLOPE))
    spectrum = share * np.fft.rfft(low[:size]) + (1 - share) * np.fft.rfft(high[:size])
    waveform: NDArray[np.float64] = np.fft.irfft(spectrum, size)
    return waveform


def judged(folder: Path, sounds: list[Path], python: str) -> dict[str, float]:
    """DNSMOS of each sound."""
    asked, output = folder / "sounds.json", folder / "heard.json"
    listed = [{"path": str(path), "words": False, "quality": True, "speaker": False} for path in sounds]
    asked.write_text(json.dumps(listed), encoding="utf-8")
    subprocess.run([python, str(Path(__file__).with_name("speech_judges.py")), str(asked), str(output)], check=True)
    said: dict[str, float] = json.loads(output.read_text(encoding="utf-8"))["quality"]
    return said


if __name__ == "__main__":
    main()
