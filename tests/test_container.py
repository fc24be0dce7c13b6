"""The Dockerfile: what it copies is there, what it installs is what the project asks for, and nothing runs as root."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def test_torch_is_the_one_that_the_project_asks_for_in_its_cpu_build() -> None:
    (line,) = (line for line in instructions("RUN") if "'torch" in line)
    assert re.findall(r"'(torch[^']*)'", line) == [name for name in PROJECT["dependencies"] if name.startswith("torch")]
    assert "--index-url https://download.pytorch.org/whl/cpu" in line


def test_the_extras_exist_and_serve_is_one_of_them() -> None:
    (extras,) = re.findall(r"'/src\[([\w,]+)\]'", "\n".join(LINES))
    assert "serve" in extras.split(",")
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


def test_it_serves_by_default_and_not_as_root() -> None:
    last = LINES[max(i for i, line in enumerate(LINES) if line.startswith("FROM ")) :]
    assert [line for line in last if line.startswith("USER ")] == ["USER foretell"]
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["foretell"]
    assert json.loads(instructions("CMD")[0]) == ["serve", "--host", "0.0.0.0"]
    compile(json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])[2], "healthcheck", "exec")


def test_what_an_install_needs_is_sent_to_the_builder_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    sent = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert all((ROOT / name).exists() for name in sent)
    needed = {"pyproject.toml", "CMakeLists.txt", "src", PROJECT["readme"]}
    assert needed | {name for name in PROJECT["license-files"] if "/" not in name} == set(sent)
