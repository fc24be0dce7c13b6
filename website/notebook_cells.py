"""Notebooks without Jupyter: their cells run in order, and their outputs are what the cells give.

`python website/notebook_cells.py docs/notebooks/*.ipynb` runs notebooks and stores the outputs in them.
"""

from __future__ import annotations

import ast
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Cell = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    """The notebook in a file."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def source(cell: Cell) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def shown(cell: Cell) -> str:
    """The text that is stored below a code cell."""
    found = []
    for output in cell.get("outputs", []):
        found += output["text"] if output["output_type"] == "stream" else [*output["data"]["text/plain"], "\n"]
    return "".join(found).rstrip("\n")


def outputs(notebook: dict[str, Any], name: str) -> Iterator[tuple[Cell, str, str | None]]:
    """Run the code cells one after another; yield each with what it printed, and the text of its last expression."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        place = f"{name}, cell {number + 1}"
        tree = ast.parse(source(cell), place)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed, value = io.StringIO(), None
        with redirect_stdout(printed):
            exec(compile(tree, place, "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), place, "eval"), names)
        yield cell, printed.getvalue(), None if value is None else repr(value)


def store(path: Path) -> None:
    """Run a notebook in an empty folder, and write its outputs into it."""
    path, notebook, here = path.absolute(), read(path), Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for number, (cell, printed, value) in enumerate(outputs(notebook, path.name), 1):
                cell["execution_count"], cell["outputs"] = number, []
                if printed:
                    text = printed.splitlines(keepends=True)
                    cell["outputs"].append({"name": "stdout", "output_type": "stream", "text": text})
                if value is not None:
                    data = {"text/plain": value.splitlines(keepends=True)}
                    result = {"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}
                    cell["outputs"].append(result)
        finally:
            os.chdir(here)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for place in sys.argv[1:]:
        store(Path(place))
