"""`foretell KIND train`, `evaluate`, and `predict` or `generate`: made from what a kind of model declares."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from foretell.cli.examples import epilog
from foretell.cli.model_programs import evaluation_program, training_program
from foretell.cli.options import MessageOptions, ModelFolder, NewModelOptions
from foretell.cli.printer import Printer
from foretell.cli.progress import training_shown
from foretell.cli.signature import as_command
from foretell.cli.summaries import training_sentences
from foretell.cli.training import judged_by, resumable, training_destinations, without_bound
from foretell.declaration import DATA, Setting, declared
from foretell.model.registry import Entry


def commands_of(entry: Entry) -> typer.Typer:
    """Return the commands of a kind of model."""
    kind = entry.kind
    group = typer.Typer(
        name=entry.name,
        help=entry.help,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=epilog(kind.examples.get("", ())),
    )
    commands: list[tuple[str, Any, Any]] = [
        ("train", _train(entry), training_program(entry)),
        ("evaluate", _evaluate(entry), evaluation_program(entry)),
    ]
    if kind.answer is not None:
        commands.insert(1, (kind.answer.verb, _answer(entry), None))
    for verb, command, program in commands:
        group.command(verb, epilog=epilog(kind.examples.get(verb, ())))(as_command(command, program))
    return group


def _train(entry: Entry) -> Any:
    kind = entry.kind

    def train(
        source: Any,
        settings: Any,
        *,
        validation: tuple[str, ...] = (),
        run: NewModelOptions,
        messages: MessageOptions,
    ) -> None:
        printer = Printer(messages, f"{entry.name} train")
        to, checkpoint = training_destinations(entry.name, run, messages)
        settings, elsewhere = judged_by(without_bound(settings), validation)
        other = source.elsewhere(elsewhere) if elsewhere else None

        model = entry.model(settings)
        with printer.progress("Reading") as on_progress:
            parts = source.parts(settings, other, on_progress)
        printer.heading("The data")
        printer.listing(parts.sentences)
        bounded = settings.training.minutes is None
        with resumable(printer, checkpoint) as display:
            model.train(
                parts.training,
                parts.validation,
                device=run.device,
                checkpoint=checkpoint / "fit",
                tensorboard=run.tensorboard,
                on_progress=training_shown(display, kind.measure, kind.units, bounded=bounded, scale=kind.scale),
            )
        model.save(run.out)
        to.drop_checkpoint()
        history = model.history
        rate = history.steps * model.units_per_step / history.seconds
        printer.heading("Training")
        printer.listing([*model.sentences(), *training_sentences(history), f"{rate:,.0f} {kind.units} per second."])
        if model.validation is not None:
            printer.heading("Evaluation on the validation data")
            model.validation.show(printer, "validation")
        test = None if parts.test is None else model.evaluate(parts.test)
        if test is not None:
            test.show(printer, "test")
        files = {"model": str(run.out)}
        printer.files(files)
        printer.document(
            {
                "model": model.facts(),
                "data": {**parts.counts, "sentences": list(parts.sentences)},
                "training": {**history.summary(), f"{kind.units}_per_second": rate},
                "validation": None if model.validation is None else model.validation.document(),
                **({} if test is None else {"test": test.document()}),
                "files": files,
            }
        )

    train.__doc__ = kind.train
    train.__annotations__ |= {"source": kind.source, "settings": kind.settings, "validation": _validation(entry)}
    return train


def _validation(entry: Entry) -> Any:
    source = entry.kind.source
    field = next(f for f in declared(cast(Any, entry.kind.settings)) if f.name == "validation")
    assert field.setting is not None
    places = [name.upper() for name in source.places]
    more = ", each by a --validation of its own" if len(places) > 1 else ""
    help_ = (
        f"{field.setting.help[:-1]}. Or {' and '.join(places)} of other data to judge by{more}. "
        f"[dim]\\[default: {field.default}][/dim]"
    )
    return Annotated[tuple[str, ...], Setting(help_, DATA, metavar="|".join(["SHARE", *places]))]


def _evaluate(entry: Entry) -> Any:
    kind = entry.kind

    def evaluate(model: ModelFolder, source: Any, options: Any, *, messages: MessageOptions) -> None:
        printer = Printer(messages, f"{entry.name} evaluate")
        trained = entry.model.load(model)
        with printer.progress("Reading") as on_progress:
            data = trained.read(source, on_progress)
        with printer.progress("Evaluating") as on_progress:
            score = trained.evaluate(data, on_progress=on_progress, **vars(options))
        places = [str(getattr(source, name)) for name in source.places if getattr(source, name) is not None]
        printer.heading(f"{model} on {' and '.join(places)}")
        score.show(printer, places[0])
        printer.document({"model": trained.facts(), "options": vars(options), "score": score.document()})

    evaluate.__doc__ = kind.evaluate
    evaluate.__annotations__ |= {"source": kind.source, "options": kind.evaluation}
    return evaluate


def _answer(entry: Entry) -> Any:
    answer = entry.kind.answer
    assert answer is not None

    def ask(model: ModelFolder, answer: Any, *, messages: MessageOptions) -> None:
        printer = Printer(messages, f"{entry.name} {answer.verb}", stdout_taken=answer.takes_stdout(json=messages.json))
        answer.check(json=messages.json)
        trained = entry.model.load(model)
        content = answer.run(trained, printer)
        printer.document({"model": trained.facts(), **content})

    ask.__doc__ = answer.__doc__
    ask.__annotations__ |= {"answer": answer}
    return ask
