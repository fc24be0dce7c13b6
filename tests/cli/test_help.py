"""Help and version: at once, without the libraries that the work needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from foretell import __version__

HEAVY = (
    *("torch", "polars", "pandas", "numpy", "narwhals", "lightning_fabric", "matplotlib", "pyarrow"),
    *("soundfile", "soxr", "mido", "PIL", "tokenizers", "sacrebleu"),
)
COMMANDS = (
    *("forecast", "fit", "predict", "backtest", "cross-validate", "explain", "anomalies", "fill", "update", "info"),
    *("audio train", "audio generate", "audio evaluate", "music train", "music generate", "music evaluate"),
    *("classify train", "classify predict", "classify evaluate"),
    *("translate train", "translate predict", "translate evaluate"),
    *("text train", "text generate", "text evaluate"),
    *("caption train", "caption predict", "caption evaluate"),
)


@pytest.mark.parametrize("arguments", ["--help", "--version", *(f"{command} --help" for command in COMMANDS)])
def test_nothing_heavy_is_imported(arguments: str) -> None:
    program = (
        "import sys, foretell.cli\n"
        f"sys.argv[1:] = {arguments.split()}\n"
        "try:\n    foretell.cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, run: Callable[..., Any]) -> None:
    done = run(*command.split(), "--help")
    assert done.exit_code == 0
    assert "Examples" in done.output
    assert f"foretell {command}" in done.output


def test_a_port_has_no_thousands_separator(run: Callable[..., Any]) -> None:
    pytest.importorskip("fastapi")
    shown = run("serve", "--help").output
    assert "[default: 8000]" in shown
    assert "8,000" not in shown
    done = run("serve", "--port", "70000")
    assert done.exit_code == 2
    assert "from 0 to 65535" in done.stderr


def test_version(run: Callable[..., Any]) -> None:
    done = run("--version")
    assert (done.exit_code, done.output) == (0, f"foretell {__version__}\n")


def test_threads_do_not_spin_for_long_while_they_wait_and_garbage_is_seldom_searched_for() -> None:
    names = ("GOMP_SPINCOUNT", "OPENBLAS_NUM_THREADS")
    program = (
        f"import gc, os, sys, foretell.cli\nfor name in {names}:\n    os.environ.pop(name, None)\n"
        "sys.argv[1:] = ['--version']\n"
        "try:\n    foretell.cli.main()\nexcept SystemExit:\n"
        f"    print(*[os.environ[name] for name in {names}], *gc.get_threshold())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("1000 1 20000 ")
