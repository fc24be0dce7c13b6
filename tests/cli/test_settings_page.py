from __future__ import annotations

from pathlib import Path

from foretell.cli.settings_page import page

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"


def test_the_page_of_settings_is_that_of_the_declarations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m foretell.cli.settings_page > " + str(PAGE)
    for row in (
        "| `--validation` | number in [0, 0.5] | 0.05 | Share at the end of the text that is held out",
        "| `--hidden` | whole number at least 1 | 512 |",
        "| `--cell` | `lstm`, `gru` | lstm |",
        "| `--minutes` | number above 0, or none | none |",
    ):
        assert row in page()
