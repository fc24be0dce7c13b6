"""Links of the README and its kin, turned to lead from their page in the site."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    ("text", "source", "page", "turned"),
    [
        ("[a](docs/guides/audio.md#train)", "README.md", "index.md", "[a](guides/audio.md#train)"),
        ("[a](CONTRIBUTING.md)", "README.md", "index.md", "[a](contributing.md)"),
        ("[a](LICENSE), [b](src/foretell/x.md)", "README.md", "index.md", "a, b"),
        ("[a](https://a.example/b.md)", "README.md", "index.md", "[a](https://a.example/b.md)"),
        ("[a](#here)", "README.md", "index.md", "[a](#here)"),
        ('<img src="docs/images/a.png" alt="">', "README.md", "index.md", '<img src="images/a.png" alt="">'),
        ("[a](../README.md)", "benchmarks/README.md", "benchmarks/scripts.md", "[a](../index.md)"),
        ("[a](../docs/start/install.md)", "benchmarks/README.md", "benchmarks/scripts.md", "[a](../start/install.md)"),
    ],
)
def test_links(text: str, source: str, page: str, turned: str) -> None:
    assert importlib.import_module("root_pages").turned(text, source, page) == turned
