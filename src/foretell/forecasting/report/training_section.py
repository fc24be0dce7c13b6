"""How training went, for those who want to know whether to trust it."""

from __future__ import annotations

import numpy as np

from foretell.forecasting.report.charts import gradient_chart, inline_svg, loss_chart
from foretell.forecasting.report.content import ReportContent
from foretell.forecasting.report.legend import legend, line
from foretell.forecasting.report.wording import count, escape, fixed, number, percent, plain


def training_section(content: ReportContent) -> str:
    """HTML of the section "Training"."""
    if not len(content.losses) and not len(content.gradient_norms) and not content.evaluations:
        return (
            '<section id="training"><h2>Training</h2>'
            "<p>The model was not trained in this run, so there is no training curve.</p></section>"
        )
    return (
        f'<section id="training"><h2>Training</h2><p class="note">{escape(_sentence(content))}</p>'
        f'<div class="pair">{_losses(content)}{_gradients(content)}</div></section>'
    )


def _sentence(content: ReportContent) -> str:
    parts = [f"{count(len(content.losses), 'step')}."]
    if content.best_step is not None:
        found = [loss for step, loss in content.evaluations if step == content.best_step]
        lowest = f", where the validation loss was {number(found[0])}" if found else ""
        parts.append(f"The weights kept are those of step {fixed(content.best_step, 0)}{lowest}.")
    if content.skipped_steps:
        skipped = count(content.skipped_steps, "step was", "steps were")
        parts.append(f"{skipped} skipped, since the loss or the gradient was not finite.")
    else:
        parts.append("No step had to be skipped.")
    return " ".join(parts)


def _losses(content: ReportContent) -> str:
    title = "<h3>Loss</h3>"
    if not len(content.losses) and not content.evaluations:
        return f'<figure>{title}<p class="note">The losses were not kept.</p></figure>'
    entries = [(line("faint", 1.6), "training, every step"), (line("history", 1.8), "smoothed")]
    if content.evaluations:
        entries.append((line("forecast", 1.8), "validation"))
    if content.best_step is not None:
        entries.append((line("backtest", 1.4, (3, 2.5)), "weights kept"))
    finite = content.losses[np.isfinite(content.losses)]
    label = "Chart of the training loss by step"
    if finite.size:
        label += f": from {number(float(finite[0]))} at the first to {number(float(finite[-1]))} at the last"
    svg = inline_svg(loss_chart(content.losses, content.evaluations, content.best_step), "loss", label)
    return f"<figure>{title}{legend(entries)}{svg}</figure>"


def _gradients(content: ReportContent) -> str:
    title = "<h3>Size of the gradient</h3>"
    norms = content.gradient_norms
    if not len(norms):
        return f'<figure>{title}<p class="note">The gradient norms were not kept.</p></figure>'
    entries = [(line("faint", 1.6), "every step"), (line("history", 1.8), "smoothed")]
    finite = norms[np.isfinite(norms)]
    caption = ""
    if content.clip_norm is not None:
        entries.append((line("backtest", 1.4, (5, 2.5)), f"clipped at {plain(content.clip_norm)}"))
        if finite.size:
            above = float((finite > content.clip_norm).mean())
            caption = f"<figcaption>{percent(above)} of the steps had their gradient clipped.</figcaption>"
    label = "Chart of the gradient norm by step, on a logarithmic axis"
    if finite.size:
        label += f": median {number(float(np.median(finite)))}, largest {number(float(finite.max()))}"
    svg = inline_svg(gradient_chart(norms, content.clip_norm), "norm", label)
    return f"<figure>{title}{legend(entries)}{svg}{caption}</figure>"
