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
    "classify": (
        ("Learn from a table of reviews",
         "foretell classify train reviews.csv --text review --label sentiment --out mood"),
        ("Label others", "foretell classify predict mood new.csv --output labelled.csv"),
    ),
    "classify train": (
        ("Learn from a table of reviews",
         "foretell classify train reviews.csv --text review --label sentiment --out mood"),
        ("In a script without spaces, for ten minutes",
         "foretell classify train news.parquet --text title --label topic --units subwords --minutes 10 --out topics"),
    ),
    "classify predict": (
        ("A table with labels and probabilities beside its rows",
         "foretell classify predict mood new.csv --output labelled.csv"),
        ("How good is it on labels that are known?",
         "foretell classify predict mood test.csv --label sentiment --output labelled.csv"),
        ("Plain text, one a line, through a pipe",
         "foretell classify predict mood - --lines < lines.txt > labelled.csv"),
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
    "text": (
        ("Learn how a text goes on", "foretell text train plays.txt --out author"),
        ("Write more of it", "foretell text generate author"),
    ),
    "text train": (
        ("Learn how a text goes on", "foretell text train plays.txt --out author"),
        ("A smaller network, for ten minutes, of a text in another encoding",
         "foretell text train letters.txt.gz --out author --hidden 256 --minutes 10 --encoding cp1252"),
    ),
    "text generate": (
        ("Go on from a beginning", "foretell text generate author --start 'Once upon a time'"),
        ("More cautiously than it was trained, as long as a page",
         "foretell text generate author --temperature 0.8 --length 3000 > page.txt"),
    ),
    "text evaluate": (
        ("How well is another text foreseen?", "foretell text evaluate author other-play.txt"),
        ("And how well, if it is learned from while it is read?",
         "foretell text evaluate author other-play.txt --dynamic"),
    ),
    "translate": (
        ("Learn from sentences in two files, line by line each other's translations",
         "foretell translate train english.txt french.txt --out en-fr"),
        ("Translate a sentence", "echo 'A dog runs over the snow.' | foretell translate run en-fr"),
    ),
    "translate train": (
        ("Learn from sentences in two files, for 20 minutes, judged by others",
         "foretell translate train train.en train.fr --validation-source val.en --validation-target val.fr "
         "--out en-fr --minutes 20"),
        ("From two columns of a table",
         "foretell translate train pairs.csv --source-column English --target-column French --out en-fr"),
    ),
    "translate run": (
        ("From a pipe into a file", "foretell translate run en-fr < letter.txt > lettre.txt"),
        ("Without a beam search, which is faster", "foretell translate run en-fr book.txt.gz --beam 1 --out livre.txt"),
    ),
    "caption": (
        ("Learn from photos and a table of their captions",
         "foretell caption train photos --captions captions.csv --out eye"),
        ("Put others into words", "foretell caption run eye holiday.jpg"),
    ),
    "caption train": (
        ("Learn from photos and a table of their captions",
         "foretell caption train photos --captions captions.csv --out eye"),
        ("With columns of your own, larger pictures, and an hour",
         "foretell caption train photos --captions captions.parquet --image photo --caption said --out eye "
         "--size 96 --minutes 60"),
    ),
    "caption run": (
        ("A line a picture", "foretell caption run eye holiday.jpg garden.png"),
        ("A whole folder into a table, more carefully",
         "foretell caption run eye photos --beam 5 --output captions.csv"),
    ),
}  # fmt: skip


def _epilog(examples: tuple[tuple[str, str], ...]) -> str:
    # An empty line keeps paragraphs apart in help that rich lays out, whatever the version of typer.
    return "\n\n".join(["[bold]Examples[/bold]", *(f"{what}:\n  [cyan]{line}[/cyan]" for what, line in examples)])


EXAMPLES = {name: _epilog(examples) for name, examples in _SETS.items()}
