"""Radial profiles with the model over the posterior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fitting.report.figures.panels import (
    chosen,
    draw_points,
    draw_residuals,
    given,
    limit_key,
    model_keys,
    pairs_of_panels,
    truth_key,
)
from fitting.report.figures.style import BLUE, DATA, FAINT, GREEN, TRUTH, draw_band, stamp, style
from fitting.report.predictive import Spread, observed, residuals
from fitting.runs.run import Run
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from fitting.words import energy


def profile_tables(run: Run) -> list[str]:
    """Names of the tables with annuli."""
    return [name for name, table in run.problem.tables.items() if table.is_profile]


def plot_profile(run: Run, table: str | None = None, ax: Axes | Sequence[Axes] | np.ndarray | None = None) -> Any:
    """Radial profiles, a panel for each photon band with residuals beneath: the Axes, or an array of them.

    Arguments: table — one table with annuli, by default all; ax — Axes to draw into, one a band, without residuals.
    Errors: ValueError for an unknown table, or where `ax` and the bands differ in number.
    """
    names = chosen(run, table, profile_tables(run), "table with annuli")
    panels = [(name, row) for name in names for row in range(run.problem.tables[name].value.shape[0])]
    seen = observed(run)
    with style():
        pairs, figure = given(ax, len(panels)) if ax is not None else pairs_of_panels(len(panels))
        for (name, row), (main, below) in zip(panels, pairs, strict=True):
            predicted, systematic = seen[name]
            _profile_panel(run, name, row, predicted, main)
            if below is not None:
                pull = residuals(run.problem.tables[name], predicted.best, float(systematic.best))[row]
                draw_residuals(below, _middle(run.problem.tables[name]), pull, BLUE)
                below.set_xlabel(f"angle from the source [deg]{_ruler(run)}")
        if figure is not None:
            figure.suptitle(run.problem.title or "Radial profile")
            keys = _profile_keys(run, names)
            figure.legend(handles=keys, loc="outside lower center", ncols=len(keys) if len(panels) > 1 else 3)
    axes = np.array([main for main, _ in pairs], object)
    return axes[0] if axes.size == 1 else axes


def _ruler(run: Run) -> str:
    """How long a degree is at the distance of the MAP."""
    distance = float(run.problem.posterior.bound(run.best_arrays()).view.distance)
    return f"   (1° = {1.0e3 * distance * np.pi / 180.0:.3g} pc at {distance:.3g} kpc)"


def _steps(values: np.ndarray) -> np.ndarray:
    """Each value twice, for both edges of its annulus."""
    return np.repeat(values, 2, axis=-1)


def _middle(table: Table) -> np.ndarray:
    return 0.5 * (table.r_min + table.r_max)


def _profile_panel(run: Run, name: str, row: int, predicted: Spread, ax: Axes) -> None:
    table, place = run.problem.tables[name], _middle(run.problem.tables[name])
    edges = np.stack([table.r_min, table.r_max], axis=-1).ravel()
    ax.set_xlim(0.0 if table.r_min[0] < 0.2 * table.r_max[-1] else table.r_min[0], table.r_max[-1])
    draw_band(ax, edges, _steps(predicted.quantiles()[:, row]), BLUE)
    ax.plot(edges, _steps(predicted.best[row]), color=BLUE, lw=1.6)
    if table.simulated and predicted.truth is not None:
        ax.plot(edges, _steps(predicted.truth[row]), color=TRUTH, lw=1.3, ls="--", label="truth", zorder=3)
    draw_points(ax, place, 0.5 * (table.r_max - table.r_min), table, row, np.ones(1), DATA)
    _scale_profile(ax, table, row, predicted.best[row])
    if table.psf is not None:
        _mark_psf(ax, *table.psf[row])
    ax.set_title(f"{table.name}: {_band(table, row)}")
    label = table.quantity.label
    quantity = f"d({label})/dE" if table.differential and table.is_mean and table.quantity.power == 0 else label
    unit = table.unit.to_string("unicode", fraction=False)
    ax.set_ylabel(f"{quantity}\n[{unit}]" if unit else quantity)
    if table.simulated:
        stamp(ax)


def _band(table: Table, row: int) -> str:
    low, high = (float(ends[row]) for ends in table.reach)
    return energy(low) if low == high else f"{energy(low)} to {energy(high)}"


def _scale_profile(ax: Axes, table: Table, row: int, model: np.ndarray) -> None:
    """A logarithmic axis where nothing is negative and the values span more than a decade."""
    used = table.used[row]
    lowest = np.where(table.is_ul[row], table.value[row], table.value[row] - table.error_lo[row])[used]
    levels = np.concatenate([model[model > 0], table.value[row][used]])
    if np.all(lowest > 0.0) and levels.max() > 10.0 * levels.min():
        ax.set_yscale("log")
    elif table.quantity.compared is not Compared.INDEX:
        ax.axhline(0.0, color=FAINT, lw=0.8)


def _mark_psf(ax: Axes, shape: str, width: float) -> None:
    """A bar as long as the PSF is wide, at the lower left."""
    start = ax.get_xlim()[0] + 0.05 * np.ptp(ax.get_xlim())
    across = ax.get_xaxis_transform()
    ax.plot([start, start + width], [0.08, 0.08], transform=across, color=GREEN, lw=2.5, solid_capstyle="butt")
    what = "σ" if shape == "gaussian" else "radius"
    ax.text(start, 0.1, f"PSF {what} {width:.3g}°", transform=across, color=GREEN, fontsize=8, va="bottom")


def _profile_keys(run: Run, names: list[str]) -> list[Any]:
    tables = [run.problem.tables[name] for name in names]
    keys = [Line2D([], [], color=DATA, marker="o", ms=4, lw=1.1, label="data"), *limit_key(tables, DATA)]
    keys += model_keys(run, BLUE)
    return keys + [truth_key()] * any(table.simulated and bool(table.truth) for table in tables)
