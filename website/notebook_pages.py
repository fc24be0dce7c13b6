"""Pages of the site made from the notebooks in docs/notebooks, each with a link to download the notebook itself."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

notebook_cells: Any = import_module("notebook_cells")  # a neighbour, as mkdocs finds it
NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page per notebook."""
    from mkdocs.structure.files import File

    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=page(path)))
    return files


def page(path: Path) -> str:
    """A notebook as Markdown: its texts as they stand, its code, and the outputs below it."""
    parts = []
    for cell in notebook_cells.read(path)["cells"]:
        text = notebook_cells.source(cell)
        if cell["cell_type"] == "markdown":
            parts.append(text)
            if len(parts) == 1:
                parts.append(f"[Download this notebook]({path.name})")
        else:
            parts.append(f"```python\n{text}\n```")
            if shown := notebook_cells.shown(cell):
                parts.append(f"```text\n{shown}\n```")
    return "\n\n".join(parts) + "\n"
