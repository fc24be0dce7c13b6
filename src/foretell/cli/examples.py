"""The examples below each command's help."""

from __future__ import annotations

_SETS = {
    "foretell": (
        ("See it at work on data that comes with it", "foretell forecast --demo"),
        ("Forecast your own table 14 steps ahead", "foretell forecast sales.csv --horizon 14"),
    ),
    "forecast": (
        ("Everything found by itself, all results in ./forecast", "foretell forecast sales.csv --horizon 14"),
        ("One table out of a pipe, into another", "foretell forecast - -n 14 -o - < sales.csv > f.csv"),
        (
            "With prices and holidays that are known ahead",
            "foretell forecast sales.csv --horizon 14 --known price --known holiday --future plans.csv",
        ),
        (
            "A GRU with a time budget, and a picture",
            "foretell forecast sales.csv -n 14 --model gru --minutes 2 --png f.png",
        ),
    ),
    "fit": (
        ("Train once, and keep the model", "foretell fit sales.csv --horizon 14 --save sales-model"),
        ("Watch it train in TensorBoard", "foretell fit sales.csv --horizon 14 --tensorboard runs"),
    ),
    "predict": (
        ("Forecast from where a newer table ends", "foretell predict sales-model sales.csv --output forecast.csv"),
        ("Straight into another program", "foretell predict sales-model - --output - < sales.csv"),
    ),
    "backtest": (
        ("How good would the last 10 forecasts have been?", "foretell backtest sales-model sales.csv --windows 10"),
        ("The same with a model trained anew before each", "foretell backtest sales-model sales.csv --refit"),
    ),
    "info": (
        ("What foretell runs on here", "foretell info"),
        ("What a model is, and how good it was", "foretell info sales-model"),
    ),
    "audio": (
        ("Learn how a folder of recordings sounds", "foretell audio train recordings --out voice"),
        ("Ten seconds of it", "foretell audio generate voice --seconds 10 --out new.wav"),
    ),
    "audio train": (
        ("Twenty minutes of training, of speakers told apart by files' names such as 7_george_12.wav",
         "foretell audio train recordings --out voice --minutes 20 --speakers-from name"),
        ("Sound in 16 bits, and judged by another folder",
         "foretell audio train music --out band --head mixture_of_logistics --validation music-test"),
        ("Watch and hear it train in TensorBoard", "foretell audio train recordings --out voice --tensorboard runs"),
    ),
    "audio generate": (
        ("Five seconds by one of the speakers", "foretell audio generate voice --speaker george --out new.wav"),
        ("Go on from a recording, more cautiously than it was trained",
         "foretell audio generate voice --seed-audio hello.wav --temperature 0.9 --out new.flac"),
    ),
    "audio evaluate": (
        ("Bits a sample on recordings it has never heard", "foretell audio evaluate voice recordings-test"),
    ),
    "music": (
        ("Learn from Bach's chorales, which lie in folders train, valid and test",
         "foretell music train jsb_chorales.tgz --out bach"),
        ("A new one, to listen to", "foretell music generate bach --out new.wav"),
    ),
    "music train": (
        ("Learn from Bach's chorales, which lie in folders train, valid and test",
         "foretell music train jsb_chorales.tgz --out bach"),
        ("From your own MIDI files, by a WaveNet, for ten minutes",
         "foretell music train songs --out mine --body wavenet --minutes 10"),
    ),
    "music generate": (
        ("A new chorale, as notes and as a picture", "foretell music generate bach --out new.mid --picture new.png"),
        ("Go on from a beginning, and listen",
         "foretell music generate bach --start chorale.csv --top-p 0.95 --out new.wav"),
    ),
}  # fmt: skip


def _epilog(examples: tuple[tuple[str, str], ...]) -> str:
    # An empty line keeps paragraphs apart in help that rich lays out, whatever the version of typer.
    return "\n\n".join(["[bold]Examples[/bold]", *(f"{what}:\n  [cyan]{line}[/cyan]" for what, line in examples)])


EXAMPLES = {name: _epilog(examples) for name, examples in _SETS.items()}
