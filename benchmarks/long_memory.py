"""Long memories: the adding problem, copy memory, and polyphonic music, beside what Bai et al. (2018) report.

    python benchmarks/long_memory.py --data FOLDER [--part adding|copy|pianoroll]

FOLDER holds jsb_pianoroll.mat and nottingham_pianoroll.mat; the other two parts make their data up. All networks are
recurrent layers of foretell.nn under foretell.training, on the CPU. The weights kept are those best on 500 sequences,
or on the valid part; what is printed is the error on fresh sequences, or on the test part, which is asked once.
`--validate` prints the figures of the valid part, where the settings were chosen, and leaves the test part closed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from long_memory_music import PLANS, learn, read_piano_rolls
from long_memory_tasks import TESTED, TO_COPY, Outcome, run_adding, run_copying
from tables import markdown

from foretell.training import History, TrainingSettings

ADDING_STEPS = 600
ADDING = {
    "LSTM": TrainingSettings(steps=2000, learning_rate=0.01, evaluate_every=100),
    "GRU": TrainingSettings(steps=2000, learning_rate=0.01, evaluate_every=100),
}
SOLVED = 1e-3
BAI_ADDING = {"LSTM": "0.164", "GRU": "5.3e-5"}
BAI_MUSIC = {
    "JSB chorales": {"LSTM": 8.45, "GRU": 8.43, "TCN": 8.10},
    "Nottingham": {"LSTM": 3.29, "GRU": 3.46, "TCN": 3.07},
}
MUST_REACH = {"JSB chorales": 8.43, "Nottingham": 3.29}
COPYING = TrainingSettings(steps=3000, learning_rate=0.01, evaluate_every=100)


def adding(options: argparse.Namespace) -> None:
    """The adding problem over 600 steps."""
    rows = []
    for cell, settings in ADDING.items():
        outcome = run_adding(cell, steps=ADDING_STEPS, hidden=64, batch=50, settings=_asked(settings, options))
        error = _judged(outcome, options)
        verdict = "solved" if error < SOLVED else "MISSED"
        rows.append((cell, BAI_ADDING[cell], f"{error:.1e}", verdict, *_run(outcome.history, outcome.parameters)))
    print(f"\nThe adding problem, T = {ADDING_STEPS}: mean squared error on {_of(options)}; solved is under {SOLVED}\n")
    print(markdown(("", "Bai et al.", "foretell", "", *_RUN), rows))


def copying(options: argparse.Namespace) -> None:
    """Copy memory."""
    rows = []
    for cell in ADDING:
        outcome = run_copying(cell, blanks=options.blanks, hidden=64, batch=64, settings=_asked(COPYING, options))
        error = _judged(outcome, options)
        recalled = "" if options.validate else f"{outcome.recalled:.1%}"
        rows.append((cell, f"{error:.5f}", recalled, *_run(outcome.history, outcome.parameters)))
    memoryless = TO_COPY * math.log(8) / (options.blanks + 2 * TO_COPY)
    print(f"\nCopy memory, {options.blanks} blanks: nats per step, the mean over all steps, on {_of(options)}")
    print(f"Without memory it is {memoryless:.5f}, with {1 / 8:.1%} of the symbols recalled\n")
    print(markdown(("", "nats per step", "symbols recalled", *_RUN), rows))


def music(options: argparse.Namespace) -> None:
    """The two collections of piano rolls."""
    if options.data is None:
        raise SystemExit("piano rolls are read from a folder: --data FOLDER")
    part = "valid" if options.validate else "test"
    rows, notes = [], []
    for name in options.collection or PLANS:
        plan = replace(PLANS[name], training=_asked(PLANS[name].training, options))
        rolls = read_piano_rolls(options.data / plan.file)
        outcome = learn(plan, rolls, rolls.valid if options.validate else rolls.test)
        published = [f"{BAI_MUSIC[name][cell]:.2f}" for cell in ("LSTM", "GRU", "TCN")]
        reached = "" if options.validate else "reached" if outcome.nats <= MUST_REACH[name] else "MISSED"
        kind = f"{plan.layers} x {plan.cell.upper()} {plan.hidden}"
        rows.append(
            (name, *published, f"{outcome.nats:.3f}", reached, kind, *_run(outcome.history, outcome.parameters))
        )
        notes.append(
            f"{name}: {outcome.steps_asked:,} steps asked, wanted at most {MUST_REACH[name]}; the mean of the "
            f"pieces' own means {outcome.nats_by_piece:.3f}; best on the valid part {outcome.history.best:.3f}"
        )
    print(
        f"\nPiano rolls, {part} part: nats per step, the sum over 88 keys of the binary cross-entropy, each step but a"
    )
    print("piece's first given all before it; the mean over all these steps of all pieces, as Bai et al. take it\n")
    print(
        markdown(("", "LSTM, Bai et al.", "GRU, Bai et al.", "TCN, Bai et al.", "foretell", "", "network", *_RUN), rows)
    )
    print()
    print("\n".join(notes))


_RUN = ("parameters", "steps", "best after", "seconds")


def _asked(settings: TrainingSettings, options: argparse.Namespace) -> TrainingSettings:
    return replace(settings, seed=options.seed, steps=options.steps or settings.steps)


def _run(history: History, parameters: int) -> tuple[str, ...]:
    return f"{parameters:,}", f"{history.steps:,}", f"{history.best_step:,}", f"{history.seconds:.0f}"


def _judged(outcome: Outcome, options: argparse.Namespace) -> float:
    return float(outcome.history.best or math.nan) if options.validate else outcome.error


def _of(options: argparse.Namespace) -> str:
    return "the sequences that chose the weights" if options.validate else f"{TESTED:,} fresh sequences"


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {"adding": adding, "copy": copying, "pianoroll": music}


def main() -> None:
    """Run the parts asked for, and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="the folder of the piano rolls")
    parser.add_argument("--part", action="append", choices=PARTS, help="repeat for several; default: all")
    parser.add_argument(
        "--blanks", type=int, default=100, help="copy memory: steps between the symbols and their recall"
    )
    parser.add_argument(
        "--collection", action="append", choices=PLANS, help="piano rolls: repeat for several; default: both"
    )
    parser.add_argument("--steps", type=int, default=None, help="training steps of each network; default: each its own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--validate", action="store_true", help="score where settings were chosen; leave the test part closed"
    )
    options = parser.parse_args()
    for part in options.part or PARTS:
        PARTS[part](options)


if __name__ == "__main__":
    main()
