"""The Python programs of `foretell KIND train` and `evaluate`, made from what a kind of model declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foretell.cli.options import NewModelOptions
from foretell.cli.python_program import Call, Plain, Program, given
from foretell.cli.training import judged_by, without_bound
from foretell.model.registry import Entry

_PARTS = (Plain("parts.training"), Plain("parts.validation"))


def training_program(entry: Entry) -> Callable[..., str]:
    """Return what makes the program of a kind's `train`, from the arguments of the command."""

    def train(source: Any, settings: Any, validation: tuple[str, ...], run: NewModelOptions, **_: Any) -> str:
        program = Program(f"What `foretell {entry.name} train` does with these options.")
        settings, elsewhere = judged_by(without_bound(settings), validation)
        other = (source.elsewhere(elsewhere),) if elsewhere else ()
        model = program.public(entry.described.model)
        program.statement("settings", settings)
        program.statement("source", source)
        program.statement("parts", Call("source.parts", (Plain("settings"), *other)))
        program.statement("model", Call(model, (Plain("settings"),)))
        options = given(
            {"device": run.device, "checkpoint": run.checkpoint, "tensorboard": run.tensorboard}, device="auto"
        )
        program.statement("", Call("model.train", _PARTS, options))
        program.statement("", Call("model.save", (run.out,)))
        program.line("print(model.validation)")
        program.line("if parts.test is not None:")
        program.line("print(model.evaluate(parts.test))", indent=1)
        return program.text()

    return train


def evaluation_program(entry: Entry) -> Callable[..., str]:
    """Return what makes the program of a kind's `evaluate`, from the arguments of the command."""

    def evaluate(model: Any, source: Any, options: Any, **_: Any) -> str:
        program = Program(f"What `foretell {entry.name} evaluate` does with these options.")
        program.statement("model", Call(f"{program.public(entry.described.model)}.load", (model,)))
        program.statement("data", Call("model.read", (source,)))
        program.statement("score", Call("model.evaluate", (Plain("data"),), vars(options)))
        program.line("print(score)")
        return program.text()

    return evaluate
