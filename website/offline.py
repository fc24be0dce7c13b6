"""The check that the built site needs nothing from elsewhere: no script, style, font or picture of another host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "audio": "src", "video": "src"}
_LINKED = {"stylesheet", "preload", "preconnect", "dns-prefetch", "icon", "manifest", "modulepreload"}
_ELSEWHERE = re.compile(r"^(https?:)?//")
_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elsewhere: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(_LOADS.get(tag, ""))
        if tag == "link" and _LINKED & set((given.get("rel") or "").split()):
            address = given.get("href")
        if address and _ELSEWHERE.match(address):
            self.elsewhere.append(address)


def loaded_from_elsewhere(site: Path) -> list[str]:
    """What the pages and styles of a built site load from other hosts, each with the file that does."""
    found = []
    for file in sorted(site.rglob("*.html")):
        page = _Page()
        page.feed(text := file.read_text(encoding="utf-8"))
        found += [f"{file.relative_to(site)}: {address}" for address in [*page.elsewhere, *_STYLE.findall(text)]]
    for file in sorted(site.rglob("*.css")):
        found += [
            f"{file.relative_to(site)}: {address}" for address in _STYLE.findall(file.read_text(encoding="utf-8"))
        ]
    return found


def on_post_build(config: MkDocsConfig) -> None:
    """Fail the build where the site would load anything from elsewhere."""
    from mkdocs.exceptions import PluginError

    found = loaded_from_elsewhere(Path(config.site_dir))
    if found:
        raise PluginError("the site loads files from other hosts:\n" + "\n".join(found))
