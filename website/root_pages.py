"""Pages of the site whose text lies elsewhere in the project, such as the README.

Their links lead from where the file lies; here they are turned to the site's pages. A link to a file that is no page,
such as LICENSE, becomes its plain name.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks/scripts.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:)([^)#\s]+)(#[^)\s]*)?\)")
_IMAGE = re.compile(r'(<img src=")([^"]+)(")')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to those in docs/."""
    from mkdocs.structure.files import File

    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=turned(text, source, page)))
    return files


def turned(text: str, source: str, page: str) -> str:
    """The text with its links, which lead from `source` in the project, leading from `page` in the site."""
    here = posixpath.dirname(page) or "."

    def target(link: str) -> str | None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
        path = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else "")
        return posixpath.relpath(path, here) if path else None

    def link(found: re.Match[str]) -> str:
        path = target(found[2])
        return found[1] if path is None else f"[{found[1]}]({path}{found[3] or ''})"

    def image(found: re.Match[str]) -> str:
        return f"{found[1]}{target(found[2]) or found[2]}{found[3]}"

    return _IMAGE.sub(image, _LINK.sub(link, text))
