"""WaveNet: how fast it generates and trains, and how well it foretells spoken digits.

    python benchmarks/wavenet.py --part generation [--quick] [--threads 2]
    python benchmarks/wavenet.py --part training-speed [--quick]
    python benchmarks/wavenet.py --part digits --data FOLDER [--minutes 20] [--keep MODEL] [--rows NAME ...]
    python benchmarks/wavenet.py --part forecaster [--seeds 3] [--epochs 20] [--threads 1]
    python benchmarks/wavenet.py --picture docs/images/audio.png --data FOLDER --keep MODEL

FOLDER holds free_spoken_digits.tar.gz. Settings of the digits are the defaults of `foretell audio train`; the test
takes are asked once, after the training.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import torch
import wavenet_digits
import wavenet_forecaster
import wavenet_generation
import wavenet_picture
import wavenet_training_speed
from side_by_side import machine


def generation(options: argparse.Namespace) -> str:
    """Samples a second."""
    seconds, turn = (4.0, 0.05) if options.quick else (40.0, 0.15)
    streams = (1, 8) if options.quick else wavenet_generation.STREAMS
    threads = tuple(range(1, options.threads + 1))
    shapes = wavenet_generation.SHAPES
    before = wavenet_generation.peaks(threads)
    found = [wavenet_generation.measure(shape, threads, streams, seconds, turn) for shape in shapes]
    after = wavenet_generation.peaks(threads)
    return wavenet_generation.report(found, {count: max(before[count], after[count]) for count in threads})


def training_speed(options: argparse.Namespace) -> str:
    """Milliseconds a training step."""
    seconds, least, steps = 15.0, (9, 5), wavenet_training_speed.STEPS
    if options.quick:
        seconds, least, steps = 0.5, (2, 1), steps[2:3]  # type: ignore[assignment]
    return wavenet_training_speed.report([wavenet_training_speed.measure(step, seconds, least) for step in steps])


def digits(options: argparse.Namespace) -> str:
    """Bits a sample."""
    return wavenet_digits.table(
        options.data, options.minutes, options.keep, options.seed, options.rows, options.gru_rate
    )


def forecaster(options: argparse.Namespace) -> str:
    """Mean squared errors."""
    return wavenet_forecaster.report(options.seeds, options.epochs)


PARTS: dict[str, Callable[[argparse.Namespace], str]] = {
    "generation": generation,
    "training-speed": training_speed,
    "digits": digits,
    "forecaster": forecaster,
}


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=list(PARTS), default=[], help="one or several")
    parser.add_argument("--threads", type=int, default=2, help="of torch; generation takes each number up to it")
    parser.add_argument("--quick", action="store_true", help="few repetitions: rough figures")
    parser.add_argument("--data", type=Path, help="the folder of free_spoken_digits.tar.gz")
    parser.add_argument("--minutes", type=float, default=20.0, help="of training each network")
    parser.add_argument("--rows", nargs="+", choices=wavenet_digits.ROWS, default=wavenet_digits.ROWS, metavar="NAME")
    parser.add_argument(
        "--gru-rate", type=float, default=2e-3, help="the GRU's highest learning rate; at 4e-3 it diverges"
    )
    parser.add_argument("--keep", type=Path, metavar="MODEL", help="the folder of the trained WaveNet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3, help="of the part forecaster")
    parser.add_argument("--epochs", type=int, default=20, help="of the part forecaster")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw what the kept model generates")
    parser.add_argument("--seconds", type=float, default=3.0, help="of sound in the picture")
    parser.add_argument("--temperature", type=float, default=1.0, help="of what is generated for the picture")
    parser.add_argument("--output", type=Path, help="a file for the tables, beside printing them")
    options = parser.parse_args()
    if not options.part and not options.picture:
        parser.error("say --part or --picture")
    if options.data is None and ("digits" in options.part or options.picture):
        parser.error("--part digits and --picture need --data")
    if options.picture and options.keep is None:
        parser.error("--picture needs --keep: the folder of the model")
    torch.set_num_threads(options.threads)

    texts = ["# WaveNet", f"`{shlex.join(['python', 'benchmarks/wavenet.py', *sys.argv[1:]])}`"]
    texts.append("\n".join(f"- {name}: {value}" for name, value in machine().items()))
    if options.quick:
        texts.append("A quick run: rough figures.")
    print("\n\n".join(texts), flush=True)
    for name in options.part:
        torch.set_num_threads(options.threads)
        texts.append(PARTS[name](options))
        print(f"\n{texts[-1]}", flush=True)
    if options.output:
        options.output.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    if options.picture:
        picture = options.picture, options.data, options.keep
        print(f"\n{wavenet_picture.draw(*picture, options.seconds, options.temperature, options.seed)}")


if __name__ == "__main__":
    main()
