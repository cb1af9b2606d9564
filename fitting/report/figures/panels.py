"""Panels that figures of data share: points with errors, limits, residuals, keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fitting.report.figures.style import FAINT, TRUTH, Shown
from fitting.report.sections import drawn_from
from fitting.runs.run import Run
from fitting.tables.table import Table

PULL_LABEL = "(data − MAP)/σ"


def chosen(run: Run, table: str | None, known: list[str], what: str) -> list[str]:
    """The named table, or all that are known. Errors: ValueError where there is none."""
    if table is None and known:
        return known
    if table in known:
        return [table]
    have = f"it has {', '.join(known)}" if known else "it has none"
    named = f"no {what} named '{table}'" if table is not None else f"no {what}"
    raise ValueError(f"this problem has {named}: {have}")


def given(ax: Any, count: int) -> tuple[list[tuple[Axes, None]], None]:
    """The caller's Axes as panels without residuals. Errors: ValueError where their number differs."""
    axes = [ax] if isinstance(ax, Axes) else list(np.ravel(np.asarray(ax, object)))
    if len(axes) != count:
        raise ValueError(f"{len(axes)} axes for {count} panels: give one for each")
    return [(one, None) for one in axes], None


def pairs_of_panels(count: int) -> tuple[list[tuple[Axes, Axes]], Any]:
    """Pairs of panels, the second for residuals, at most three side by side."""
    columns = 1 if count == 1 else 2 if count in (2, 4) else 3
    rows = -(-count // columns)
    size = (7.2, 5.2) if count == 1 else (4.6 * columns, 3.9 * rows + 0.6)
    figure = plt.figure(FigureClass=Shown, figsize=size, layout="constrained")
    cells = figure.add_gridspec(rows, columns)
    pairs = []
    for k in range(count):
        halves = cells[divmod(k, columns)].subgridspec(2, 1, height_ratios=(3.2, 1.0), hspace=0.04)
        main = figure.add_subplot(halves[0])
        below = figure.add_subplot(halves[1], sharex=main)
        main.tick_params(labelbottom=False)
        pairs.append((main, below))
    return pairs, figure


def draw_points(
    ax: Axes, place: np.ndarray, half: np.ndarray, table: Table, row: int | slice, factor: np.ndarray, colour: str
) -> None:
    """Measured points with both errors and their horizontal extent; limits as arrows that point down."""
    value, low, high, plain, limit = (
        np.ravel(a[row])
        for a in (table.value, table.error_lo, table.error_hi, table.measured, table.used & table.is_ul)
    )
    factor = np.broadcast_to(factor, value.shape)
    half = np.broadcast_to(half, (2, value.size)) if half.ndim < 2 else half
    vertical = np.stack([low, high])[:, plain] * factor[plain]
    kwargs: dict[str, Any] = {"color": colour, "lw": 0, "elinewidth": 1.1, "zorder": 4}
    ax.errorbar(place[plain], (value * factor)[plain], vertical, half[:, plain], fmt="o", ms=3.8, **kwargs)
    if np.any(limit):
        top = (value * factor)[limit]
        ax.errorbar(place[limit], top, None, half[:, limit], fmt="_", ms=7, mew=1.1, **kwargs)
        for x, y in zip(place[limit], top, strict=True):
            arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
            ax.annotate(
                "", (x, y), xytext=(0, -18), textcoords="offset points", arrowprops={**arrow, "arrowstyle": "<|-"}
            )


def draw_residuals(ax: Axes, place: np.ndarray, pull: np.ndarray, colour: str) -> None:
    """Residuals in units of their error, with lines at 0 and ±2 drawn once."""
    if not ax.lines:
        ax.axhline(0.0, color=FAINT, lw=0.9)
        ax.axhspan(-2.0, 2.0, color=FAINT, alpha=0.15, lw=0)
    ax.plot(place, pull, "o", ms=3.5, color=colour)
    reach = max(3.2, 1.1 * float(np.nanmax(np.abs(pull), initial=0.0)), ax.get_ylim()[1])
    ax.set_ylim(-reach, reach)
    tick = 2 if reach < 5.0 else round(0.7 * reach)
    ax.set_yticks([-tick, 0, tick])
    ax.set_ylabel(PULL_LABEL, fontsize=8)


def model_keys(run: Run, colour: str) -> list[Any]:
    """Keys of the MAP and the bands."""
    return [
        Line2D([], [], color=colour, lw=1.6, label="model, MAP"),
        Patch(color=colour, alpha=0.5, lw=0, label=f"68 % of the {drawn_from(run)}"),
        Patch(color=colour, alpha=0.18, lw=0, label="95 %"),
    ]


def limit_key(tables: Sequence[Table], colour: str) -> list[Line2D]:
    """Key of upper limits with their confidence, where there are any."""
    levels = sorted({100.0 * t.confidence for t in tables if t.confidence is not None and np.any(t.used & t.is_ul)})
    text = f"upper limit ({', '.join(f'{level:g}' for level in levels)} %)"
    return [Line2D([], [], color=colour, marker=r"$\downarrow$", ms=8, lw=0, label=text)] * bool(levels)


def truth_key() -> Line2D:
    """Key of the truth."""
    return Line2D([], [], color=TRUTH, lw=1.3, ls="--", label="truth")
