"""Damaged inputs in great number: whatever is done with them but an answer or one of foretell's own errors is a fault.

    python benchmarks/fuzz --inputs 20000 --seed 0 tables models checkpoints midi sounds

Input n of a seed is always the same, and `--only n` tries it alone, with its traceback. Inputs are tried inside a
worker, which is started anew where one takes it down, hangs for longer than `--patience` seconds, or takes a gibibyte.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

_GROWTH = 1 << 20
"""KiB that an input may add to the memory of the worker."""
_QUIET = 30.0
"""Seconds from one word about progress, on standard error, to the next."""


def main() -> None:
    """Try them all, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", default=["tables", "models", "checkpoints", "midi", "sounds"])
    parser.add_argument("--inputs", type=int, default=1000, help="of each subject")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one input, tried in this process")
    parser.add_argument("--patience", type=float, default=30.0)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker is not None:
        work(asked.subjects[0], asked.seed, asked.first, asked.inputs, asked.patience, asked.worker)
        return
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given"
        given.mkdir()
        if "models" in asked.subjects:
            import seeds

            seeds.models(given)
        if asked.only is not None:
            attempt_one(asked.subjects[0], asked.seed, asked.only, given)
            return
        for subject in asked.subjects:
            report(subject, *oversee(subject, asked, Path(folder)))


def report(subject: str, counts: Counter[str], faults: dict[str, list[int]], seconds: float) -> None:
    """The counts of a subject, and its faults with the first inputs that lead to each."""
    tried = counts.total()
    said = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in ("answered", "refused", "faults"))
    print(f"{subject}: {tried:,} inputs in {seconds:,.0f} s: {said}", flush=True)
    for what, numbers in sorted(faults.items(), key=lambda item: -len(item[1])):
        print(f"  {len(numbers):6,} x {what}; inputs {', '.join(map(str, numbers[:4]))}", flush=True)


def oversee(subject: str, asked: argparse.Namespace, folder: Path) -> tuple[Counter[str], dict[str, list[int]], float]:
    """Hand the inputs to workers, one at a time."""
    counts: Counter[str] = Counter()
    faults: dict[str, list[int]] = {}
    start, number, last = time.monotonic(), asked.first, asked.first + asked.inputs
    told = start
    while number < last:
        options = ["--seed", str(asked.seed), "--first", str(number), "--inputs", str(last - number)]
        options += ["--patience", str(asked.patience), "--worker", str(folder)]
        command = [sys.executable, __file__, subject, *options]
        with (folder / "errors").open("wb") as errors:
            worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        assert worker.stdout is not None
        ended = ""
        # The first input waits for imports.
        patience = 4 * asked.patience
        while number < last:
            if not select.select([worker.stdout], [], [], patience)[0]:
                worker.kill()
                ended = "hung"
                break
            line = worker.stdout.readline()
            if not line:
                break
            patience = 2 * asked.patience
            outcome = json.loads(line)
            counts[outcome["outcome"]] += 1
            if outcome["outcome"] == "faults":
                faults.setdefault(outcome["what"], []).append(outcome["number"])
            number = outcome["number"] + 1
            if time.monotonic() - told > _QUIET:
                told = time.monotonic()
                print(
                    f"{subject}: {counts.total():,} of {asked.inputs:,} inputs, {counts['faults']:,} faults, "
                    f"at {number:,} after {told - start:,.0f} s",
                    file=sys.stderr,
                    flush=True,
                )
        worker.kill() if number < last else None
        status = worker.wait()
        if number < last and not (status == 0 and not ended):
            counts["faults"] += 1
            what = ended or (signal.Signals(-status).name if status < 0 else f"status {status}")
            words = (folder / "errors").read_text(errors="replace").strip().splitlines()[-1:]
            faults.setdefault(f"the process {what}: {' '.join(words)[:160]}", []).append(number)
            number += 1
    return counts, faults, time.monotonic() - start


def work(subject: str, seed: int, first: int, inputs: int, patience: float, folder: Path) -> None:
    """Try inputs one after another, each with a line of JSON on standard output."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    from subjects import REFUSAL, SUBJECTS, Wrong

    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        trial = SUBJECTS[subject](Path(own), folder / "given")
        peak = 0
        for number in range(first, first + inputs):
            outcome, what = "answered", ""
            signal.setitimer(signal.ITIMER_REAL, patience)
            try:
                trial.attempt(Random(f"{seed} {subject} {number}"))
            except REFUSAL:
                outcome = "refused"
            except Wrong as wrong:
                outcome, what = "faults", str(wrong)
            except BaseException as error:
                outcome, what = "faults", _where(error)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            grown = peak and now - peak > _GROWTH
            if grown and outcome != "faults":
                outcome, what = "faults", f"memory grew by {(now - peak) / _GROWTH:.1f} GiB"
            peak = max(peak, now)
            print(json.dumps({"number": number, "outcome": outcome, "what": what}), file=out)
            if grown:
                break


def attempt_one(subject: str, seed: int, number: int, given: Path) -> None:
    """Try one input here, and let its error show."""
    from subjects import SUBJECTS

    with tempfile.TemporaryDirectory() as own:
        SUBJECTS[subject](Path(own), given).attempt(Random(f"{seed} {subject} {number}"))
    print("answered")


def _too_long(*_: object) -> None:
    raise TimeoutError("took too long")


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/foretell/" in frame.filename] or list(frames)
    place = f"{ours[-1].filename.split('/foretell/')[-1]}:{ours[-1].lineno}" if ours else "?"
    words = str(error).strip().split("\n")[0][:100]
    return f"{type(error).__name__} at {place}: {words}"


if __name__ == "__main__":
    main()
