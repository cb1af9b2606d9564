"""Maps of scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fitting.report.figures.style import BLUE, DATA, ORANGE, SIMULATED, VERMILLION, style
from fitting.runs.labels import unit_of

if TYPE_CHECKING:
    import xarray as xr


def plot_scan(dataset: xr.Dataset) -> Figure:
    """Log-density of a scan against its first one or two parameters, the others at their best; the MAP marked."""
    density = dataset["log_density"]
    dims = [str(dim) for dim in density.dims]
    drop = density.max(list(dims[2:])) - float(density.max())
    best = {path: dataset.attrs.get(f"held:{path}") for path in dims[:2]}
    with style():
        figure, ax = plt.subplots(figsize=(6.4, 4.9), layout="constrained")
        draw = _scan_line if len(dims) == 1 else _scan_map
        draw(figure, ax, dims[:2], drop, best)
        ax.set_title(str(dataset.attrs.get("title", "")) or "Scan", fontsize=10, wrap=True)
        if dataset.attrs.get("simulated"):
            ax.set_title(SIMULATED, loc="right", y=1.08, fontsize=10, fontweight="bold", color=VERMILLION)
        ax.legend(loc="best", frameon=True, facecolor="white", framealpha=0.9)
    return figure


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
    level = np.maximum(np.nan_to_num(drop.transpose(dims[1], dims[0]).values, nan=-np.inf), -20.0)
    mesh = ax.pcolormesh(x, y, level, shading="nearest", cmap="cividis", vmin=-20.0, vmax=0.0, rasterized=True)
    figure.colorbar(mesh, ax=ax, label="ln p − largest ln p", extend="min")
    if min(level.shape) > 1:
        # Drops of ln p at the 68 and 95 % contours of a two-dimensional Gaussian.
        lines = ax.contour(x, y, level, levels=(-2.996, -1.139), colors=DATA, linewidths=1.2, linestyles="solid")
        ax.clabel(lines, fmt={-2.996: "95 %", -1.139: "68 %"}, fontsize=8)
    if all(best[path] is not None for path in dims):
        ax.plot(best[dims[0]], best[dims[1]], "*", color=VERMILLION, mec="white", ms=13, label="MAP", ls="none")
    ax.set_xlabel(_scan_label(drop, dims[0]))
    ax.set_ylabel(_scan_label(drop, dims[1]))
    ax.grid(False)
