"""One folder: whatever the path, nothing outside of it is found or written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from foretell.agents.allowed_folder import AllowedFolder
from foretell.errors import ModelError, SettingsError, TableError

OUTSIDE = "lies outside of the folder that this server may use"


@pytest.fixture
def allowed(folder: Path) -> AllowedFolder:
    (folder / "deep").mkdir()
    outside = folder.parent / "outside"
    (folder / "file-link.csv").symlink_to(outside / "secret.csv")
    (folder / "folder-link").symlink_to(outside)
    (folder / "dangling.csv").symlink_to(outside / "new.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / "own-link.csv").symlink_to("sales.csv")
    (folder.parent / "allowed-too").mkdir()
    return AllowedFolder(folder)


ESCAPES = [
    "../outside/secret.csv",
    "deep/../../outside/secret.csv",
    "folder-link/secret.csv",
    "folder-link/../secret.csv",
    "file-link.csv",
    "./././../outside/secret.csv",
    "/etc/passwd",
    "/proc/self/environ",
    "../allowed-too/sales.csv",
    "..",
    "/",
    "//etc/passwd",
]


@pytest.mark.parametrize("given", ESCAPES)
def test_nothing_outside_is_read(allowed: AllowedFolder, given: str) -> None:
    with pytest.raises(TableError, match=OUTSIDE):
        allowed.table(given)
    with pytest.raises(ModelError, match=OUTSIDE):
        allowed.model(given)


@pytest.mark.parametrize("given", [*ESCAPES, "dangling.csv", "folder-link/new.csv"])
def test_nothing_outside_is_written(allowed: AllowedFolder, given: str) -> None:
    with pytest.raises(SettingsError, match=OUTSIDE):
        allowed.new_table(given, overwrite=True)
    with pytest.raises(SettingsError, match=OUTSIDE):
        allowed.new_model(given, overwrite=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "is no path"),
        ("-", "is no path"),
        ("a\0.csv", "is no path"),
        ("s3://bucket/sales.csv", "is an address"),
        ("https://host/sales.csv", "is an address"),
        ("gs:/bucket/sales.csv", "is an address"),
    ],
)
def test_what_is_no_path_of_a_file_here(allowed: AllowedFolder, given: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        allowed.table(given)
    with pytest.raises(SettingsError, match=said):
        allowed.new_table(given, overwrite=False)


def test_paths_within(allowed: AllowedFolder, folder: Path) -> None:
    assert allowed.table("sales.csv") == folder / "sales.csv"
    assert allowed.table(str(folder / "deep" / ".." / "sales.csv")) == folder / "sales.csv"
    assert allowed.table("own-link.csv") == folder / "sales.csv"
    assert allowed.name_of(allowed.new_table("deep/new.parquet", overwrite=False)) == "deep/new.parquet"
    assert allowed.shown(f"{folder}/deep/x.csv in {folder}") == "deep/x.csv in ."
    os.mkfifo(folder / "pipe")
    with pytest.raises(TableError, match="pipe is not an ordinary file"):
        allowed.table("pipe")
    with pytest.raises(TableError, match="deep is a folder"):
        allowed.table("deep")
    with pytest.raises(ModelError, match="there is no model folder deep/model"):
        allowed.model("deep/model")


def test_what_may_be_written(allowed: AllowedFolder) -> None:
    for given, said in (
        ("sales.csv", "sales.csv is there already; give another name, or overwrite=true"),
        ("deep", "end its name in one of"),
        ("new.xlsx", "end its name in one of"),
        (".bashrc", "end its name in one of"),
        ("none/new.csv", "there is no folder none; make it first"),
    ):
        with pytest.raises(SettingsError, match=said):
            allowed.new_table(given, overwrite=False)
    with pytest.raises(SettingsError, match="is a table that is read, which would be lost"):
        allowed.new_table("own-link.csv", overwrite=True, read=(allowed.table("sales.csv"),))
    for given in (".", "deep/.."):  # a model is written beside its folder first
        with pytest.raises(SettingsError, match="is the folder of this server itself"):
            allowed.new_model(given, overwrite=True)
    with pytest.raises(SettingsError, match="overwrite=true to replace the model"):
        allowed.new_model("deep", overwrite=False)


def test_a_model_whose_files_lie_elsewhere(allowed: AllowedFolder, folder: Path) -> None:
    (folder / "model").mkdir()
    (folder / "model" / "weights.safetensors").symlink_to("/etc/passwd")
    with pytest.raises(ModelError, match=OUTSIDE):
        allowed.model("model")


def test_the_folder_may_be_named_by_a_link(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert AllowedFolder(link).table("sales.csv") == folder / "sales.csv"
    with pytest.raises(SettingsError, match="there is no such folder"):
        AllowedFolder(folder / "sales.csv")
