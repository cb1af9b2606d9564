"""Maps of scans."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.interpolate import RectBivariateSpline

from fitting.report.figures.style import BLUE, ORANGE, SIMULATED, VERMILLION, Shown, style
from fitting.runs.labels import unit_of

if TYPE_CHECKING:
    import xarray as xr


# Drops of ln p at the 68 and 95 % contours of a two-dimensional Gaussian.
DROPS = {-2.996: "95 %", -1.139: "68 %"}
LOWEST = min(DROPS)
CONDITIONAL = "Conditional: all other free parameters are held."
FINER, FINEST, FLOOR, ACROSS = 8, 1200, -1e3, 3


def plot_scan(dataset: xr.Dataset) -> Figure:
    """Log-density of a scan against its first one or two parameters, the others at their best; the MAP marked."""
    density = dataset["log_density"]
    dims = [str(dim) for dim in density.dims]
    drop = density.max(list(dims[2:])) - float(density.max())
    best = {path: dataset.attrs.get(f"held:{path}") for path in dims[:2]}
    with style():
        figure, ax = plt.subplots(FigureClass=Shown, figsize=(6.4, 4.9), layout="constrained")
        draw = _scan_line if len(dims) == 1 else _scan_map
        draw(figure, ax, dims[:2], drop, best)
        words = [str(dataset.attrs.get("title", "")) or "Scan", _conditional(dataset, dims)]
        figure.suptitle("\n".join(textwrap.fill(text, 78) for text in words), fontsize=10)
        if dataset.attrs.get("simulated"):
            ax.set_title(SIMULATED, loc="right", fontsize=10, fontweight="bold", color=VERMILLION)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc="best", frameon=True, facecolor="white", framealpha=0.9, fontsize=8)
    return figure


def _conditional(dataset: xr.Dataset, dims: list[str]) -> str:
    """What the contours are conditional on."""
    beyond = f" Best of the grid in {', '.join(dims[2:])}." if dims[2:] else ""
    return str(dataset.attrs.get("conditional", CONDITIONAL)) + beyond


def _scan_label(drop: xr.DataArray, path: str) -> str:
    about = drop.coords[path].attrs
    unit = unit_of(str(about.get("unit", "")))
    return str(about.get("label") or (f"{path} [{unit}]" if unit else path))


def _scan_line(figure: Figure, ax: Axes, dims: list[str], drop: xr.DataArray, best: dict[str, Any]) -> None:
    ax.plot(drop.coords[dims[0]], np.maximum(drop.values, -30.0), color=BLUE)
    if best[dims[0]] is not None:
        ax.axvline(best[dims[0]], color=ORANGE, label="MAP")
    ax.set_xlabel(_scan_label(drop, dims[0]))
    ax.set_ylabel("ln p − largest ln p")


def _scan_map(figure: Figure, ax: Axes, dims: list[str], drop: xr.DataArray, best: dict[str, Any]) -> None:
    x, y = (np.asarray(drop.coords[path]) for path in dims)
    level = np.nan_to_num(drop.transpose(dims[1], dims[0]).values, nan=-np.inf)
    shown = np.maximum(level, -20.0)
    mesh = ax.pcolormesh(x, y, shown, shading="nearest", cmap="cividis", vmin=-20.0, vmax=0.0, rasterized=True)
    figure.colorbar(mesh, ax=ax, label="ln p − largest ln p", extend="min")
    if min(level.shape) > 1:
        lines = ["--", "-"]
        ax.contour(*refined(x, y, level), levels=tuple(DROPS), colors=ORANGE, linewidths=1.3, linestyles=lines)
        for text, line in zip(DROPS.values(), lines, strict=True):
            ax.plot([], [], color=ORANGE, lw=1.3, ls=line, label=f"{text}, conditional")
        if is_coarse(level):
            text = f"grid too coarse for contours: points in the 95 % region: {np.sum(level > LOWEST)}"
            ax.text(0.5, 0.01, text, transform=ax.transAxes, ha="center", va="bottom", color=VERMILLION, fontsize=9,
                    bbox={"facecolor": "white", "alpha": 0.9, "lw": 0})  # fmt: skip
    if all(best[path] is not None for path in dims):
        ax.plot(best[dims[0]], best[dims[1]], "*", color=VERMILLION, mec="white", ms=13, label="MAP", ls="none")
    ax.set_xlabel(_scan_label(drop, dims[0]))
    ax.set_ylabel(_scan_label(drop, dims[1]))
    ax.grid(False)


def refined(x: np.ndarray, y: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A map [y, x] of ln p on a finer grid, and its axes, so that a thin ridge between grid points stays whole.

    ln p of a ridge is near to a parabola across, which a cubic spline follows however thin it is; maps with holes, and
    of fewer than four points along an axis, stay as they are.
    """
    if not np.all(np.isfinite(level)) or min(level.shape) < 4 or min(np.diff(x).min(), np.diff(y).min()) <= 0.0:
        return x, y, np.maximum(level, FLOOR)
    finer = max(FINER, FINEST // max(level.shape)) if is_coarse(level) else FINER
    fine = tuple(np.interp(np.linspace(0, a.size - 1, finer * (a.size - 1) + 1), np.arange(a.size), a) for a in (x, y))
    smooth = RectBivariateSpline(y, x, level)(fine[1], fine[0])
    return *fine, np.maximum(smooth - smooth.max(), FLOOR)


def is_coarse(level: np.ndarray) -> bool:
    """Whether the 95 % region of a map [y, x] is thinner than the grid resolves: fewer than three points across, in the
    middle, along either axis.
    """
    inside = level > LOWEST
    across = [np.median(counts[counts > 0]) for counts in (inside.sum(axis=0), inside.sum(axis=1))]
    return bool(min(across) < ACROSS)
