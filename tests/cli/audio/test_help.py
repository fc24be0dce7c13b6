"""Help of the audio commands: at once, and with examples."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "polars", "pandas", "lightning_fabric", "soundfile", "soxr")


@pytest.mark.parametrize("command", ["train", "generate", "evaluate"])
def test_examples(command: str, run) -> None:
    done = run("audio", command, "--help")
    assert done.exit_code == 0
    assert f"foretell audio {command}" in done.output


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, foretell.cli\n"
        "sys.argv[1:] = ['audio', 'train', '--help']\n"
        "try:\n    foretell.cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
