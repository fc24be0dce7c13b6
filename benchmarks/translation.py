"""Multi30k, English to French: BLEU on the 2016 test pictures' captions, and the speed of training beside torch.nn.GRU.

    python benchmarks/translation.py --data FOLDER

FOLDER holds multi30k/{train,val,test_2016_flickr}.{en,fr}.gz: plain text, cased and not tokenised. It is learned from
as it stands. BLEU is sacrebleu's with its defaults (13a, cased) on plain translations. The settings are foretell's
defaults, which were chosen on the val part; `--validate` scores on that, and never opens the test part. Training takes
the train part alone and keeps the weights that foresee the val part's tokens best; the test part is asked once.

The speed is that of a training step, the optimiser's part in it, on the first batches of the train part, in turns with
the same network whose three GRU scans torch computes (packed where it reads backwards), from the same weights; the
losses are compared. One row more takes torch's cross-entropy over all scores too, as one would write it.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")

from tables import markdown
from translation_torch import training_speeds

from foretell.text import Pairs, Translator, TranslatorSettings, read_pairs

MUST_REACH = 45.0
WITHIN_MINUTES = 20.0


def part(data: Path, name: str) -> Pairs:
    """The pairs of a part."""
    return read_pairs(data / "multi30k" / f"{name}.en.gz", data / "multi30k" / f"{name}.fr.gz")


def show_speed(pairs: Pairs, settings: TranslatorSettings, steps: int) -> None:
    """The table of training speeds."""
    speeds = training_speeds(pairs, settings, steps)
    ours = speeds[0]
    assert max(abs(speed.loss - ours.loss) for speed in speeds) < 1e-3, "the sides do not compute the same"
    rows = [
        (
            speed.name,
            f"{1000 * speed.seconds:.0f}",
            f"{speed.tokens / speed.seconds:,.0f}",
            f"{speed.seconds / ours.seconds:.2f}",
            f"{speed.loss:.4f}",
        )
        for speed in speeds
    ]
    print("\nTraining, English to French, target tokens (padding does not count)\n")
    print(markdown(("", "step (ms)", "tokens per second", "time over foretell's", "loss of the last step"), rows))


def show_bleu(translator: Translator, asked: Pairs, name: str, minutes: float) -> None:
    """The table of scores, greedy and by beam search."""
    rows = []
    reached = 0.0
    for beam in (1, 5):
        start = time.perf_counter()
        score = translator.evaluate(asked, beam=beam)
        seconds = time.perf_counter() - start
        reached = score.bleu
        rows.append((f"foretell, beam {beam}", f"{score.bleu:.1f}", f"{minutes:.1f}", f"{len(asked) / seconds:,.0f}"))
        print(f"beam {beam}: {score.signature}")
    if name != "val":
        rows.append(("target", f"{MUST_REACH:.1f}", f"{WITHIN_MINUTES:.0f}", ""))
        met = reached >= MUST_REACH and minutes <= WITHIN_MINUTES
        print(f"BLEU of {MUST_REACH:g} or more within {WITHIN_MINUTES:g} minutes: {'reached' if met else 'MISSED'}")
    print(f"\nBLEU on the {len(asked):,} pairs of the {name} part, English to French, plain cased text\n")
    print(markdown(("", "BLEU", "training (min)", "sentences per second"), rows))


def main() -> None:
    """Measure the speed, train, evaluate once, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of multi30k")
    parser.add_argument("--epochs", type=float, default=None, help="passes over the pairs; default: foretell's own")
    parser.add_argument("--minutes", type=float, default=None, help="of training, in place of epochs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, default=None, help="keep the model in this folder")
    parser.add_argument("--validate", action="store_true", help="score on the val part, where settings were chosen")
    parser.add_argument(
        "--speed-steps", type=int, default=20, help="steps a turn of the speed's table; 0 leaves it out"
    )
    options = parser.parse_args()

    settings = TranslatorSettings()
    if options.epochs:
        settings = replace(settings, epochs=options.epochs)
    training = replace(settings.training, seed=options.seed)
    if options.minutes:
        training = replace(training, minutes=options.minutes, steps=10**9)
    settings = replace(settings, training=training)

    train, val = part(options.data, "train"), part(options.data, "val")
    if options.speed_steps:
        show_speed(train, settings, options.speed_steps)
    translator = Translator(settings)
    start = time.perf_counter()
    translator.train(train, val, device="cpu")
    minutes = (time.perf_counter() - start) / 60
    if options.save:
        translator.save(options.save)
    history = translator.history
    assert history is not None
    print(
        f"\n{translator.parameters:,} parameters, {history.steps:,} steps of {settings.batch_size} pairs; best on the "
        f"val part after {history.best_step:,}: {translator.validation:.3f} nats per token"
    )
    print("validation by step: " + ", ".join(f"{step:,}: {value:.3f}" for step, value in history.evaluations))
    name = "val" if options.validate else "test_2016_flickr"
    show_bleu(translator, val if options.validate else part(options.data, name), name, minutes)


if __name__ == "__main__":
    main()
