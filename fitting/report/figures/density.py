"""Where the cosmic rays are: their energy density around the source."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fitting.report.figures.panels import given, model_keys, truth_key
from fitting.report.figures.style import (
    BLUE,
    DATA,
    FAINT,
    GREEN,
    PURPLE,
    TRUTH,
    VERMILLION,
    Shown,
    draw_band,
    plain_log,
    stamp,
    style,
)
from fitting.report.predictive import Spread, energy_densities, is_sea, sea_levels, thresholds
from fitting.runs.run import Run
from fitting.tables.regions import Circle
from fitting.words import energy
from jaxcrc.source.sea import SEAS

COLOURS = (BLUE, GREEN, PURPLE)
DASHES = (0, (5, 2))


def plot_density(run: Run, ax: Axes | Sequence[Axes] | None = None) -> Any:
    """CR energy density against 3-D distance from each source, with the sea and the clouds: an array of Axes.

    A panel for each threshold in the energy of the cosmic rays.
    Arguments: ax — Axes to draw into: a single one takes the lowest threshold, a sequence one each.
    """
    above = thresholds(run.problem)
    above = above[:1] if isinstance(ax, Axes) else above
    radius, levels = _radii(run), sea_levels(above)
    around, clouds = energy_densities(run, radius, above)
    moving = {name: spread for name, spread in around.items() if not is_sea(run.problem, name)}
    with style():
        figure = None
        if ax is None:
            figure = plt.figure(
                FigureClass=Shown, figsize=(max(1.0 + 4.7 * len(above), 7.0), 4.7), layout="constrained"
            )
            grid = figure.subplots(1, len(above), squeeze=False)
            ax = grid[0]
        axes = [panel for panel, _ in given(ax, len(above))[0]]
        for k, panel in enumerate(axes):
            level = float(levels[k]) if _has_level(run, moving) else None
            _components(panel, radius, {name: _at(spread, k) for name, spread in moving.items()}, level)
            for name, (distance, total) in clouds.items():
                _mark_cloud(panel, name, distance.quantiles(), _at(total, k).quantiles())
            panel.set_title(f"{_particles(run, moving)} above {energy(above[k])}")
            if run.problem.simulated:
                stamp(panel)
        if figure is not None:
            heading = "Where the cosmic rays are" + (f" – {run.problem.title}" if run.problem.title else "")
            figure.suptitle(textwrap.fill(heading, 62 * len(above)))
            keys = _keys(run, moving, bool(clouds))
            figure.legend(handles=keys, loc="outside lower center", ncols=2 if len(above) == 1 else 4)
    return axes[0] if len(axes) == 1 else np.array(axes, object)


def _particles(run: Run, names: Iterable[str]) -> str:
    """What the components consist of."""
    kinds = {run.problem.scene.components[name].particle for name in names}
    return "electrons" if kinds == {"electron"} else "cosmic rays"


def _has_level(run: Run, moving: Iterable[str]) -> bool:
    """Whether the local sea, which is of protons, is drawn: not where there are none to compare with it."""
    return _particles(run, moving) != "electrons"


def _at(spread: Spread, k: int) -> Spread:
    """The k-th threshold of a quantity over thresholds (and radii)."""
    truth = None if spread.truth is None else spread.truth[k, ...]
    return Spread(spread.draws[:, k], spread.best[k, ...], truth)


def _radii(run: Run) -> np.ndarray:
    """Distances from the source [pc] that the tables look at, and some way around."""
    problem, scene = run.problem, run.problem.posterior.bound(run.best_arrays())
    parsec = 1.0e3 * float(scene.view.distance) * np.pi / 180.0
    reach = [parsec * table.r_max[-1] for table in problem.tables.values() if table.is_profile]
    reach += [parsec * t.region.radius for t in problem.tables.values() if isinstance(t.region, Circle)]
    reach += [float(np.hypot(parsec * cloud.offset, cloud.depth)) for cloud in scene.view.clouds.values()]
    outer = 3.0 * max(reach, default=30.0)
    return np.geomspace(outer / 100.0, outer, 80)


def _components(ax: Axes, radius: np.ndarray, moving: Mapping[str, Spread], level: float | None) -> None:
    """The components that diffuse with their bands, and the level of the sea."""
    for spread, colour in zip(moving.values(), cycle(COLOURS), strict=False):
        draw_band(ax, radius, spread.quantiles(), colour)
        ax.plot(radius, spread.best, color=colour, lw=1.5)
        if spread.truth is not None:
            ax.plot(radius, spread.truth, color=TRUTH, lw=1.3, ls="--", label="truth")
    if level is not None:
        ax.axhline(level, color=VERMILLION, lw=1.3, ls=DASHES, label="sea")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(radius[0], radius[-1])
    ends = [float(e) for spread in moving.values() for e in (spread.best.max(), spread.quantiles()[2].max())]
    levels = [x for x in (*ends, level) if x is not None and x > 0.0]
    if levels:
        least = min(levels) if level is not None else min(levels) / 100.0
        ax.set_ylim(least / 30.0, (3.0 if level is None else 30.0) * max(levels))
    plain_log(ax, "x")
    ax.set_xlabel("distance from the source [pc]")
    ax.set_ylabel("energy density [eV cm⁻³]")


def _mark_cloud(ax: Axes, name: str, x: np.ndarray, y: np.ndarray) -> None:
    """The cloud at its posterior distance, and what its centre holds: thick 68 %, thin 95 %."""
    ax.axvspan(x[1], x[3], color=FAINT, alpha=0.16, lw=0)
    for low, high, width in ((0, 4, 1.0), (1, 3, 2.6)):
        ax.hlines(y[2], x[low], x[high], color=DATA, lw=width, zorder=5)
        ax.vlines(x[2], y[low], y[high], color=DATA, lw=width, zorder=5)
    ax.plot(x[2], y[2], "s", color=DATA, ms=5, zorder=6)
    ax.annotate(f"cloud {name}", (x[2], y[4]), xytext=(5, -2), textcoords="offset points", fontsize=9, va="top")


def _keys(run: Run, moving: Mapping[str, Spread], clouds: bool) -> list[Any]:
    keys: list[Any] = []
    for name, colour in zip(moving, cycle(COLOURS), strict=False):
        keys += model_keys(run, colour)
        keys[-3].set_label(f"{name}, MAP")
    fitted = len(moving) < len(run.problem.scene.components)
    if _has_level(run, moving):
        text = f"local sea of protons ({SEAS[0]})" + ("" if fitted else ", not in the model")
        keys.append(Line2D([], [], color=VERMILLION, lw=1.3, ls=DASHES, label=text))
    if clouds:
        keys.append(
            Line2D([], [], color=DATA, marker="s", ms=5, lw=1.5, label="all cosmic rays in a cloud, 68 and 95 %")
        )
        keys.append(Patch(color=FAINT, alpha=0.16, lw=0, label="distance of a cloud, 68 %"))
    return keys + [truth_key()] * any(spread.truth is not None for spread in moving.values())
