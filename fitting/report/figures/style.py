"""How every figure looks: colours that colour-blind readers can tell apart, fonts, labels of simulated data."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Okabe & Ito's palette.
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
DATA, TRUTH, FAINT = "#111111", "#444444", "#8a8a8a"
SIMULATED = "SIMULATED"
LOOK: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 8.5,
    "figure.titlesize": 11.0,
    "axes.linewidth": 0.8,
    "axes.formatter.use_mathtext": True,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 100.0,
    "savefig.dpi": 150.0,
}


class Shown(Figure):
    """A figure that a notebook shows once, whether the cell that draws it returns it or not."""

    def _ipython_display_(self) -> None:
        if "inline" not in plt.get_backend():
            print(self)
            return
        from IPython.display import Image, display

        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi, bbox_inches="tight")
        display(Image(buffer.getvalue()))
        plt.close(self)  # or the end of the cell, which shows all that is open, would show it again


def style() -> AbstractContextManager[None]:
    """The look of all figures, for a `with` block."""
    if not plt.get_fignums():  # loaded within the block, a notebook's backend would lose what it set up with the block
        plt.switch_backend(plt.get_backend())
    return plt.style.context(LOOK)


def draw_band(ax: Axes, x: np.ndarray, quantiles: np.ndarray, colour: str) -> None:
    """Fill 95 % (light) and 68 % (dark) of the draws; quantiles are 2.5, 16, 50, 84, 97.5 %."""
    for low, high, alpha in ((0, 4, 0.18), (1, 3, 0.32)):
        ax.fill_between(x, quantiles[low], quantiles[high], color=colour, alpha=alpha, lw=0)


def stamp(ax: Axes) -> None:
    """Write SIMULATED across a panel, behind the data."""
    ax.text(0.5, 0.5, SIMULATED, transform=ax.transAxes, ha="center", va="center", rotation=25, fontsize=22,
            fontweight="bold", color=VERMILLION, alpha=0.16, zorder=0.5)  # fmt: skip


def stamp_figure(figure: Figure) -> None:
    """Write SIMULATED beside the title of a figure without data panels."""
    figure.text(0.995, 0.995, SIMULATED, ha="right", va="top", fontsize=10, fontweight="bold", color=VERMILLION)


def plain_log(axis_of: Axes, which: str) -> None:
    """Logarithmic axis with plain numbers (0.1, 1, 100) where they are short, at most some seven labels."""
    axis = axis_of.xaxis if which == "x" else axis_of.yaxis
    axis.set_major_locator(LogLocator(numticks=8))
    axis.set_minor_formatter(NullFormatter())
    low, high = sorted(axis_of.get_xlim() if which == "x" else axis_of.get_ylim())
    if low >= 0.5e-3 and high <= 2e5:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def message(text: str, title: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = plt.figure(FigureClass=Shown, figsize=(7.0, 2.0))
    figure.suptitle(title)
    figure.text(0.5, 0.42, text, ha="center", va="center", wrap=True)
    return figure
