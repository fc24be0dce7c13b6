"""What a built page would load from other hosts is found; links that a reader may follow are no fault."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest


def found(site: Path) -> list[str]:
    return list(importlib.import_module("offline").loaded_from_elsewhere(site))


@pytest.mark.parametrize(
    "line",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<script src="//cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="https://cdn.example/x.js">',
        '<link rel="preconnect" href="https://cdn.example/x.js" crossorigin>',
        '<img src="http://cdn.example/x.js">',
        "<style>@import 'https://cdn.example/x.js';</style>",
        '<style>body { background: url("https://cdn.example/x.js") }</style>',
    ],
)
def test_what_another_host_serves_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "page.html").write_text(f"<html><head>{line}</head></html>")
    (address,) = found(tmp_path)
    assert address.startswith("guides/page.html: ")
    assert address.endswith("//cdn.example/x.js")


def test_a_style_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text("@font-face { src: url(https://fonts.example/a.woff2) }")
    assert found(tmp_path) == ["x.css: https://fonts.example/a.woff2"]


def test_files_of_the_site_and_links_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<script src="../x.js"></script><img src="data:image/png;base64,AA"><link rel="canonical" href="https://a.example">'
        '<a href="https://torch.example">torch</a><style>a { background: url(../a.png) }</style>'
    )
    assert found(tmp_path) == []
