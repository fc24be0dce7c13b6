"""Temporary names: gone at the end, whatever happens; swept where their process is dead, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foretell.storage.unfinished import sweep, unfinished_file, unfinished_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks")

LEFT = ".foretell-0123456789abcdef.tmp"


def test_gone_at_the_end_unless_renamed(tmp_path: Path) -> None:
    with unfinished_file(tmp_path) as (path, file):
        file.write(b"whole")
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with unfinished_file(tmp_path) as (path, file):
        file.write(b"whole")
        path.rename(tmp_path / "kept")
    with pytest.raises(ZeroDivisionError), unfinished_folder(tmp_path) as folder:
        1 / (folder / "a").write_text("")
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"whole"


def test_what_is_being_written_is_not_swept(tmp_path: Path) -> None:
    with unfinished_file(tmp_path) as (path, _), unfinished_folder(tmp_path) as folder:
        (folder / "a").write_text("x")
        sweep(tmp_path)
        program = "import sys; from pathlib import Path; from foretell.storage.unfinished import sweep"
        subprocess.run([sys.executable, "-c", f"{program}; sweep(Path(sys.argv[1]))", str(tmp_path)], check=True)
        assert path.exists()
        assert (folder / "a").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from foretell.storage.unfinished import unfinished_file, unfinished_folder\n"
        "place = Path(sys.argv[1])\n"
        "with unfinished_file(place) as (_, file), unfinished_folder(place) as folder:\n"
        "    (folder / 'a').write_text('x')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_ordinary_files_of_that_name_are_swept(tmp_path: Path) -> None:
    for name in (".foretell-0123.tmp", ".foretell-0123456789ABCDEF.tmp", "foretell-0123456789abcdef.tmp", ".model.tmp"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "target").write_text("mine")
    (tmp_path / ".foretell-aaaaaaaaaaaaaaaa.tmp").symlink_to("target")
    os.mkfifo(tmp_path / ".foretell-bbbbbbbbbbbbbbbb.tmp")
    (tmp_path / ".foretell-cccccccccccccccc.tmp" / "deeper").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    (tmp_path / LEFT).write_text("x")
    sweep(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    sweep(tmp_path / "nowhere")


def test_a_sweep_that_is_quicker_than_the_lock_costs_another_name(tmp_path: Path, monkeypatch) -> None:
    from foretell.storage import unfinished

    real, swept = unfinished.lock, []  # type: ignore[attr-defined]

    def slow(handle: int) -> bool | None:
        if not swept:
            swept.append(handle)
            (tmp_path / next(tmp_path.iterdir()).name).unlink()
        return real(handle)

    monkeypatch.setattr(unfinished, "lock", slow)
    with unfinished_file(tmp_path) as (path, _):
        assert swept
        assert list(tmp_path.iterdir()) == [path]
