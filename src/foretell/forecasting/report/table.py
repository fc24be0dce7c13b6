"""A table of the report, folded away where it stands beside charts."""

from __future__ import annotations

from foretell.forecasting.report.content import ReportTable
from foretell.forecasting.report.wording import count, escape

_MOST_ROWS = 400


def html_table(table: ReportTable, *, folded: bool = True) -> str:
    """HTML of a table, with its first column as the names of the rows; only the first 400 rows are shown."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escape(name)}</bdi></th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in table.rows[:_MOST_ROWS]
    )
    notes = [table.note] if table.note else []
    if len(table.rows) > _MOST_ROWS:
        notes.append(f"The first {_MOST_ROWS} of {count(len(table.rows), 'row')}.")
    note = f'<p class="note">{escape(" ".join(notes))}</p>' if notes else ""
    body = (
        f'{note}<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    title = escape(table.title)
    return f"<details><summary>{title}</summary>{body}</details>" if folded else f"<h3>{title}</h3>{body}"
