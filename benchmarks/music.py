"""Bach's chorales, the next note given all before it: foretell beside the reference text's network.

    python benchmarks/music.py --data FOLDER

FOLDER holds jsb_chorales.tgz. The task is that of Geron's chapter 15: 382 chorales, four voices a sixteenth, flattened
into one sequence of notes, 47 classes. The text's figures are the mean over windows of its test chorales; here every
note of every chorale counts but its first, each given all before it in its chorale. The settings are foretell's
defaults, which were chosen on the valid part; `--validate` scores on that, and never opens the test part. Training
takes the train part alone, keeps the weights that foresee the valid part best, and the test part is asked once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tables import markdown

from foretell.music import Chorale, MusicModel, MusicSettings, read_chorales
from foretell.music.settings import BACKBONES

MOST_PARAMETERS = 400_000
PUBLISHED = ("Conv1D + LSTM 256 (the text)", "0.656", "0.816", "397,000", "", "published")
MUST_REACH = (0.62, 0.83)


def repeated(chorales: Sequence[Chorale]) -> float:
    """The share of notes that are the same voice's last once more."""
    same = sum(int((c.notes[1:] == c.notes[:-1]).sum()) for c in chorales)
    return same / sum(c.notes.size - 1 for c in chorales)


def main() -> None:
    """Train, evaluate once, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of jsb_chorales.tgz")
    parser.add_argument(
        "--backbone", action="append", choices=BACKBONES, help="repeat for several; default: foretell's own"
    )
    parser.add_argument("--steps", type=int, default=None, help="training steps; default: foretell's own")
    parser.add_argument("--minutes", type=float, default=None, help="of training each, in place of steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, default=None, help="keep the last model in this folder")
    parser.add_argument("--validate", action="store_true", help="score on the valid part, where settings were chosen")
    options = parser.parse_args()

    chorales = read_chorales(options.data / "jsb_chorales.tgz")
    asked = chorales.valid if options.validate else chorales.test
    rows = [("the same voice's last note", "", f"{repeated(asked):.3f}", "0", "", "this run")]
    if not options.validate:
        rows.insert(0, PUBLISHED)
    for backbone in options.backbone or [MusicSettings().backbone]:
        settings = MusicSettings(backbone=backbone)
        training = replace(settings.training, seed=options.seed)
        if options.steps:
            training = replace(training, steps=options.steps)
        if options.minutes:
            training = replace(training, minutes=options.minutes, steps=10**9)
        model = MusicModel(replace(settings, training=training))
        if model.parameters > MOST_PARAMETERS:
            raise SystemExit(f"{backbone} has {model.parameters:,} parameters, more than {MOST_PARAMETERS:,}")
        start = time.perf_counter()
        model.train(chorales.train, chorales.valid, device="cpu")
        seconds = time.perf_counter() - start
        if options.save:
            model.save(options.save)
        score = model.evaluate(asked)
        parameters = f"{model.parameters:,}"
        rows.append(
            (
                f"foretell, {backbone}",
                f"{score.loss:.3f}",
                f"{score.accuracy:.3f}",
                parameters,
                f"{seconds:.0f}",
                "this run",
            )
        )
        assert model.history is not None
        print(
            f"{backbone}: {model.history.steps:,} steps, best on the valid part after {model.history.best_step:,}; "
            f"{score.notes:,} notes asked"
        )
        if not options.validate:
            reached = score.loss < MUST_REACH[0] and score.accuracy > MUST_REACH[1]
            wanted = f"loss under {MUST_REACH[0]} and accuracy over {MUST_REACH[1]}"
            print(f"{backbone}: {wanted}: {'reached' if reached else 'MISSED'}")
    part = "valid" if options.validate else "test"
    print(f"\nThe next note of {len(asked)} chorales of the {part} part, given all before it\n")
    print(markdown(("", "loss (nats per note)", "accuracy", "parameters", "training (s)", ""), rows))


if __name__ == "__main__":
    main()
