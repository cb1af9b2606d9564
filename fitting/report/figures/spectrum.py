"""Spectra with the model over the posterior."""

from __future__ import annotations

from itertools import cycle
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
from fitting.report.figures.style import CYCLE, FAINT, TRUTH, draw_band, plain_log, stamp, style
from fitting.report.predictive import Spread, observed, residuals, sed_factor, span, spectra
from fitting.runs.run import Run
from fitting.tables.regions import Circle, Total
from fitting.tables.table import Table

SED_LABEL = "E² dN/dE  [erg cm⁻² s⁻¹]"


def spectrum_tables(run: Run) -> list[str]:
    """Names of the tables that E² dN/dE can be shown of: spectra of a region, as sums or as means over it."""
    return [name for name, table in run.problem.tables.items() if not table.is_profile and table.quantity.spectral]


def plot_spectrum(run: Run, table: str | None = None, ax: Axes | None = None) -> Axes:
    """Spectra as E² dN/dE, each table with the model as seen through its own region, residuals beneath: the Axes.

    A band is shown as its flux F times E₁E₂/(E₂ − E₁), data and model alike, which is E² dN/dE for an E⁻² spectrum.
    Arguments: table — one spectrum, by default all; ax — Axes to draw into, without residuals.
    Errors: ValueError for an unknown table.
    """
    names = chosen(run, table, spectrum_tables(run), "spectrum")
    seen, smooth = observed(run), spectra(run, names)
    with style():
        (pair,), figure = given(ax, 1) if ax is not None else pairs_of_panels(1)
        main, below = pair
        main.set_xscale("log")
        main.set_yscale("log")
        for name, colour in zip(names, cycle(CYCLE), strict=False):
            _spectrum(run, name, smooth[name], seen[name][0], main, colour)
            if below is not None:
                pull = residuals(run.problem.tables[name], seen[name][0].best, float(seen[name][1].best))[:, 0]
                draw_residuals(below, run.problem.tables[name].photon, pull, colour)
        _scale_spectrum(run, names, main)
        plain_log(main, "x")
        (main if below is None else below).set_xlabel("photon energy [GeV]")
        main.set_ylabel(SED_LABEL)
        main.legend(handles=_spectrum_keys(run, names), loc="best")
        if any(run.problem.tables[name].simulated for name in names):
            stamp(main)
        if figure is not None:
            figure.suptitle(run.problem.title or "Spectrum")
    return main


def _spectrum(run: Run, name: str, curve: tuple[np.ndarray, Spread], predicted: Spread, ax: Axes, colour: str) -> None:
    table = run.problem.tables[name]
    factor, (photon, smooth) = sed_factor(table), curve
    draw_band(ax, photon, smooth.quantiles(), colour)
    ax.plot(photon, smooth.best, color=colour, lw=1.5)
    if table.simulated and smooth.truth is not None:
        ax.plot(photon, smooth.truth, color=TRUTH, lw=1.3, ls="--", label="truth", zorder=3)
    middle, (low, high) = table.photon, table.reach
    high = np.where(np.isfinite(high), high, 10.0 * low)
    if table.e_min is not None:
        ax.hlines(predicted.best[:, 0] * factor, low, high, color=colour, lw=1.5, ls=":")
    half = np.stack([middle - low, high - middle])
    draw_points(ax, middle, half, table, slice(None), factor, colour)


def _scale_spectrum(run: Run, names: list[str], ax: Axes) -> None:
    """Keep the data in sight: limits from the points, whatever the bands do."""
    levels = [
        (run.problem.tables[n].value[:, 0] * sed_factor(run.problem.tables[n]))[run.problem.tables[n].used[:, 0]]
        for n in names
    ]
    level = np.concatenate(levels)
    if np.any(level > 0.0):
        ax.set_ylim(level[level > 0.0].min() / 8.0, level.max() * 8.0)
    ends = [span(run.problem.tables[name]) for name in names]
    ax.set_xlim(min(low for low, _ in ends) / 1.4, 1.4 * max(high for _, high in ends))


def _region(table: Table) -> str:
    if isinstance(table.region, Circle):
        return f"circle of {table.region.radius:g}°"
    return "total flux" if isinstance(table.region, Total) else table.region.shape


def _spectrum_keys(run: Run, names: list[str]) -> list[Any]:
    keys: list[Any] = []
    tables = [run.problem.tables[name] for name in names]
    for table, colour in zip(tables, cycle(CYCLE), strict=False):
        form = "" if table.differential else "; bands as F E₁E₂/(E₂−E₁)"
        text = f"{table.name} ({_region(table)}{form})"
        keys.append(Line2D([], [], color=colour, marker="o", ms=4, lw=1.5, label=text))
    keys += limit_key(tables, FAINT)
    grey = model_keys(run, FAINT)
    grey[0].set_label("model seen through each table's region, MAP")
    if any(not table.differential for table in tables):
        grey.insert(1, Line2D([], [], color=FAINT, lw=1.5, ls=":", label="the same over each band"))
    return keys + grey + [truth_key()] * any(table.simulated and bool(table.truth) for table in tables)
