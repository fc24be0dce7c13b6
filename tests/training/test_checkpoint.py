from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foretell.errors import ModelError, TrainingError
from foretell.training import checkpoint


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    checkpoint.write(folder, 7, {"a": torch.arange(5.0), "b": torch.tensor(2)}, {"steps": 7, "name": "x"})
    return folder


def test_what_was_written_is_read(written: Path) -> None:
    tensors, facts = checkpoint.read(written)
    assert torch.equal(tensors["a"], torch.arange(5.0))
    assert tensors["b"].item() == 2
    assert facts == {"steps": 7, "name": "x"}
    assert sorted(p.name for p in written.iterdir()) == ["checkpoint.json", "tensors-7.safetensors"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_damage_is_told_or_harmless(written: Path, tmp_path: Path, data) -> None:
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(written, folder)
    path = folder / data.draw(st.sampled_from(["checkpoint.json", "tensors-7.safetensors"]))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:place]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    told = ""
    try:
        tensors, facts = checkpoint.read(folder)
    except ModelError as error:
        told = str(error)
    if told:
        assert "delete the folder" in told
    else:  # White space of the JSON, or a smaller version number
        assert facts == {"steps": 7, "name": "x"}
        assert torch.equal(tensors["a"], torch.arange(5.0))


def test_a_tensor_file_that_is_gone_is_told(written: Path, tmp_path: Path) -> None:
    shutil.copy(written / "checkpoint.json", tmp_path)
    with pytest.raises(ModelError, match=r"tensors-7\.safetensors"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize("name", ["../tensors-3.safetensors", "/dev/zero", "other.safetensors", 3])
def test_only_files_of_the_checkpoint_itself_are_read(written: Path, tmp_path: Path, name: object) -> None:
    folder = shutil.copytree(written, tmp_path / "checkpoint")
    page = json.loads((folder / checkpoint.FACTS).read_text())
    (own,) = folder.glob("*.safetensors")
    shutil.copy(own, tmp_path / "tensors-3.safetensors")
    page["body"]["tensors"] = name
    page["sha256"] = checkpoint._checksum(page["body"])
    (folder / checkpoint.FACTS).write_text(json.dumps(page))
    with pytest.raises(ModelError, match="damaged"):
        checkpoint.read(folder)


def test_a_newer_version_and_another_format_are_told(written: Path, tmp_path: Path) -> None:
    page = json.loads((written / "checkpoint.json").read_text())
    (tmp_path / "checkpoint.json").write_text(json.dumps(page | {"version": 2}))
    with pytest.raises(ModelError, match="update foretell"):
        checkpoint.read(tmp_path)
    for other in ({}, page | {"format": "recipe"}, []):
        (tmp_path / "checkpoint.json").write_text(json.dumps(other))
        with pytest.raises(ModelError, match="delete the folder"):
            checkpoint.read(tmp_path)


def test_no_checkpoint_yet(tmp_path: Path) -> None:
    assert checkpoint.read(tmp_path) is None
    assert checkpoint.read(tmp_path / "missing") is None
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ModelError, match="is a file"):
        checkpoint.read(file)


@pytest.mark.parametrize("renames", [0, 1])
def test_a_kill_within_a_write_leaves_the_former_checkpoint(
    written: Path, tmp_path: Path, monkeypatch, renames: int
) -> None:
    folder = shutil.copytree(written, tmp_path / "copy")
    done = 0
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        nonlocal done
        if done == renames:
            raise KeyboardInterrupt
        done += 1
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.write(folder, 9, {"a": torch.zeros(2)}, {"steps": 9})
    assert checkpoint.read(folder)[1]["steps"] == 7
    monkeypatch.undo()
    checkpoint.write(folder, 11, {"a": torch.zeros(2)}, {"steps": 11})
    assert checkpoint.read(folder)[1]["steps"] == 11
    assert len(list(folder.glob("*.safetensors"))) == 1


def test_a_full_disk_is_told_and_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch) -> None:
    checkpoint.write(tmp_path, 1, {"a": torch.zeros(2)}, {"steps": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TrainingError, match="cannot be written \\(No space left on device\\)"):
        checkpoint.write(tmp_path, 2, {"a": torch.ones(2)}, {"steps": 2})
    monkeypatch.undo()
    tensors, facts = checkpoint.read(tmp_path)
    assert facts == {"steps": 1}
    assert torch.equal(tensors["a"], torch.zeros(2))
    assert not list(tmp_path.glob("*.tmp"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "checkpoint"):
        with pytest.raises(TrainingError, match=r"file.* cannot be created"):
            checkpoint.write(folder, 1, {"a": torch.zeros(2)}, {"steps": 1})


def test_one_run_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with checkpoint.reserved(folder):
        with pytest.raises(TrainingError, match=r"another run is training with the checkpoint folder .*b: wait"):
            checkpoint.reserved(folder).__enter__()
        checkpoint.write(folder, 1, {"a": torch.zeros(2)}, {"steps": 1})
        checkpoint.delete(folder)
        assert checkpoint.exists(folder)
    with checkpoint.reserved(folder):
        pass
    assert checkpoint.exists(folder)
    checkpoint.delete(folder)
    assert not folder.exists()


def test_a_folder_that_stays_empty_goes_with_the_ones_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ZeroDivisionError), checkpoint.reserved(tmp_path / "mine" / "b" / "c"):
        raise ZeroDivisionError
    with checkpoint.reserved(tmp_path / "mine"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_the_right_reason_where_it_cannot_be_written(tmp_path: Path, monkeypatch) -> None:
    def gone(path: Path, _: bytes) -> None:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(checkpoint, "put_file", gone)
    with pytest.raises(TrainingError, match="deleted during training, by someone or by another run"):
        checkpoint.write(tmp_path, 1, {"a": torch.zeros(2)}, {"steps": 1})


def test_a_link_under_a_temporary_name_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (tmp_path / "thesis.txt").write_text("my life's work")
    for name in ("checkpoint.json.tmp", "tensors-2.safetensors.tmp", "tensors-1.safetensors", "checkpoint.json"):
        (folder / name).symlink_to(tmp_path / "thesis.txt")
    for number in (1, 2):
        checkpoint.write(folder, number, {"a": torch.zeros(2)}, {"steps": number})
    checkpoint.delete(folder)
    assert (tmp_path / "thesis.txt").read_text() == "my life's work"
    assert sorted(p.name for p in folder.iterdir()) == ["checkpoint.json.tmp", "tensors-2.safetensors.tmp"]


def test_only_files_of_a_checkpoint_are_deleted(tmp_path: Path) -> None:
    own = ("tensors-mine.safetensors", "tensors-3.safetensors", "tensors-4.safetensors.bak", "checkpoint.json.bak")
    for name in own:
        (tmp_path / name).write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    (tmp_path / "tensors-5.safetensors").mkdir()
    for number in (1, 2):
        checkpoint.write(tmp_path, number, {"a": torch.zeros(2)}, {"steps": number})
    checkpoint.delete(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted((*own, "tensors-5.safetensors"))


def test_the_marker_goes_first(written: Path, tmp_path: Path, monkeypatch) -> None:
    folder = shutil.copytree(written, tmp_path / "copy")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "_drop_tensors", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.delete(folder)
    assert checkpoint.read(folder) is None
