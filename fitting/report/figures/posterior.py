"""Parameters: their corner plot, the ranks of the chains, what the data decided."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullLocator

from fitting.problem.priors import bounds
from fitting.report.figures.style import (
    BLUE,
    CYCLE,
    DATA,
    FAINT,
    ORANGE,
    SIMULATED,
    TRUTH,
    VERMILLION,
    Shown,
    message,
    stamp_figure,
    style,
)
from fitting.report.predictive import truth_of
from fitting.report.sections import drawn_from
from fitting.runs.labels import labels, symbols
from fitting.runs.run import Run

CORNER = {
    "bins": 24,
    "smooth": 1.0,
    "levels": (0.68, 0.95),
    "plot_datapoints": False,
    "fill_contours": True,
    "hist_kwargs": {"density": True, "lw": 1.4},
    "max_n_ticks": 3,
    "label_kwargs": {"fontsize": 9},
    "labelpad": 0.02,
    "quiet": True,
}

LABELS_OFF = 0.55  # [inch]
LETTERS = 11  # of a title, to an inch


def plot_corner(run: Run, paths: Sequence[str] | None = None) -> Figure:
    """Corner plot of the free parameters (or some): 68 and 95 % contours, priors, the MAP and, if known, the truth.

    Arguments: paths — free parameters, all by default. Errors: ValueError for a path that is not free.
    """
    import corner  # it takes seconds, and only this figure needs it

    chosen = list(paths or run.problem.paths)
    if unknown := [path for path in chosen if path not in run.draws]:
        raise ValueError(f"{', '.join(unknown)} is not free in this fit; free are {', '.join(run.draws)}")
    flat, names, truth = run.flat(), labels(run.problem), truth_of(run.problem)
    with style():
        figure = plt.figure(FigureClass=Shown, figsize=(1.6 * len(chosen) + 1.6,) * 2)
        corner.corner(
            np.stack([flat[path] for path in chosen], axis=-1),
            fig=figure,
            labels=[_folded(names[path]) for path in chosen],
            range=[_range(flat[path]) for path in chosen],
            color=BLUE,
            **CORNER,
        )
        _margins(figure, len(chosen))
        grid = np.array(figure.axes).reshape(len(chosen), -1)
        for i, path in enumerate(chosen):
            _diagonal(run, path, grid[i, i])
            grid[-1, i].xaxis.set_major_locator(MaxNLocator(4, prune="both"))
            grid[i, 0].yaxis.set_major_locator(MaxNLocator(4, prune="both") if i else NullLocator())
            for colour, line, at in ((ORANGE, "-", run.best), (TRUTH, "--", truth)):
                _cross(grid, i, [at.get(p) for p in chosen], colour, line)
        for ax in grid.flat:
            ax.grid(False)
            _labels_off_ticks(figure, ax)
        _corner_keys(figure, drawn_from(run), bool(truth))
        room = figure.get_figwidth() - (2.9 if len(chosen) > 3 else 0.2)
        title = textwrap.fill(run.problem.title or "Parameters", int(LETTERS * room))
        figure.suptitle(title, x=0.98, ha="right", y=0.99)
        if run.problem.simulated:
            figure.text(0.98, 0.955, SIMULATED, ha="right", va="top", fontsize=13, fontweight="bold", color=VERMILLION)
    return figure


def _margins(figure: Figure, count: int) -> None:
    """Room [inch] for labels at the left and below, and for the title above where there are few panels."""
    size = figure.get_figwidth()
    above = 0.4 if count > 3 else 1.7
    figure.subplots_adjust(left=1.15 / size, bottom=1.15 / size, right=1 - 0.15 / size, top=1 - above / size)


def _labels_off_ticks(figure: Figure, ax: Axes) -> None:
    """Labels as far [inch] from the panel as slanted tick labels reach, however small the panel is."""
    box = ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    ax.xaxis.set_label_coords(0.5, -LABELS_OFF / box.height)
    ax.yaxis.set_label_coords(-LABELS_OFF / box.width, 0.5)


def _folded(text: str) -> str:
    """A long label in two lines, broken before its bracket."""
    for bracket in (" (", " ["):
        if bracket in text and len(text) > 12:
            return text.replace(bracket, "\n" + bracket.strip(), 1)
    return text.replace(" of ", "\nof ", 1) if len(text) > 16 else text


def _range(values: np.ndarray) -> tuple[float, float]:
    """The range of the draws with a margin; a made-up one for a constant."""
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or max(1e-3 * abs(low), 1e-3)
    return low - margin, high + margin


def _diagonal(run: Run, path: str, ax: Axes) -> None:
    """The prior over the histogram, and median with 68 % interval above it."""
    (low, high), distribution = ax.get_xlim(), run.problem.priors[path].distribution
    x = np.linspace(low, high, 200)
    least, most = bounds(distribution)
    inside = (x >= least) & (x <= most)
    density = np.exp(np.asarray(distribution.log_prob(np.clip(x, least, most))))
    ax.plot(x, np.where(inside, density, 0.0), color=VERMILLION, lw=1.1, ls=":")
    ax.set_ylim(0.0, 1.08 * max(ax.get_ylim()[1], float(density[inside].max(initial=0.0))))
    ends = np.quantile(run.draws[path], (0.16, 0.5, 0.84))
    ax.set_title(f"${ends[1]:.3g}^{{+{ends[2] - ends[1]:.2g}}}_{{-{ends[1] - ends[0]:.2g}}}$", fontsize=9)


def _cross(grid: np.ndarray, i: int, values: Sequence[float | None], colour: str, line: str) -> None:
    """Lines at the value of parameter i, on the diagonal and in its row."""
    if values[i] is None:
        return
    grid[i, i].axvline(values[i], color=colour, ls=line, lw=1.1)
    for j in range(i):
        grid[i, j].axhline(values[i], color=colour, ls=line, lw=0.8)
        if values[j] is not None:
            grid[i, j].axvline(values[j], color=colour, ls=line, lw=0.8)


def _corner_keys(figure: Figure, drawn: str, known: bool) -> None:
    handles = [
        Line2D([], [], color=BLUE, lw=1.6, label=f"{drawn}; contours 68 and 95 %"),
        Line2D([], [], color=VERMILLION, lw=1.2, ls=":", label="prior"),
        Line2D([], [], color=ORANGE, lw=1.2, label="MAP"),
    ]
    handles += [Line2D([], [], color=TRUTH, lw=1.2, ls="--", label="truth")] * known
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.985, 0.93), fontsize=10)


def plot_rank(run: Run, bins: int = 20) -> Figure:
    """Ranks of each chain's draws among all draws, a panel for each parameter: level bars mean that the chains mix."""
    with style():
        if run.sampled:
            figure = _rank_panels(run, bins)
        else:
            figure = message("There are no chains: these are Gaussian draws around the MAP.", "Ranks of the draws")
        if run.problem.simulated:
            stamp_figure(figure)
    return figure


def _rank_panels(run: Run, bins: int) -> Figure:
    names = symbols(run.problem)
    columns = 2 if len(names) in (2, 4) else min(3, len(names))
    rows = -(-len(names) // columns)
    size = (3.6 * columns, 1.9 * rows + 0.9)
    figure, grid = plt.subplots(rows, columns, FigureClass=Shown, figsize=size, layout="constrained", squeeze=False)
    for ax, (path, name) in zip(grid.flat, names.items(), strict=False):
        _ranks(ax, run.draws[path], bins)
        ax.set_title(name)
    for ax in grid.flat[len(names) :]:
        ax.set_visible(False)
    figure.supxlabel("rank of the draw among all chains", fontsize=10)
    figure.suptitle("Ranks of the draws: chains that mix are level, at their dashed lines")
    return figure


def _ranks(ax: Axes, values: np.ndarray, bins: int) -> None:
    chains, size = values.shape
    rank = np.argsort(np.argsort(values, axis=None)).reshape(values.shape)
    edges = np.linspace(0, values.size, bins + 1)
    expected = size / bins
    for chain, colour in zip(range(chains), cycle(CYCLE), strict=False):
        count, _ = np.histogram(rank[chain], edges)
        height = np.minimum(0.4 * count / expected, 0.97)
        ax.bar(edges[:-1], height, np.diff(edges), bottom=chain, align="edge", color=colour, alpha=0.75, lw=0)
        ax.axhline(chain + 0.4, color=DATA, lw=0.8, ls="--")
    ax.set_yticks(np.arange(chains) + 0.4, [f"chain {chain + 1}" for chain in range(chains)])
    ax.set_ylim(0, chains + 0.3)
    ax.set_xlim(0, values.size)
    ax.grid(False)


def plot_shrinkage(run: Run) -> Figure:
    """Posterior against prior width of each parameter: what the data decided, and what the prior did."""
    names = labels(run.problem)
    ratio = [float(np.std(run.draws[path]) / np.std(run.prior[path])) for path in names]
    with style():
        figure, ax = plt.subplots(FigureClass=Shown, figsize=(7.6, 1.6 + 0.36 * len(names)), layout="constrained")
        place = np.arange(len(names))[::-1]
        ax.barh(place, 1.0, height=0.72, color=FAINT, alpha=0.25, lw=0)
        colours = [BLUE if r < 0.5 else ORANGE if r <= 0.8 else VERMILLION for r in ratio]
        ax.barh(place, ratio, height=0.42, color=colours, lw=0)
        for y, r in zip(place, ratio, strict=True):
            ax.text(max(r, 0.0) + 0.015, y, f"{r:.2f}", va="center", fontsize=9)
        ax.set_yticks(place, list(names.values()))
        ax.set_xlim(0.0, max(1.25, 1.12 * max(ratio)))
        ax.set_xlabel(f"sd of the {drawn_from(run)} / sd of the prior")
        ax.grid(axis="y", visible=False)
        shares = (
            (BLUE, "decided by the data (< 0.5)"),
            (ORANGE, "by both"),
            (VERMILLION, "decided by the prior (> 0.8)"),
        )
        handles = [Patch(color=colour, lw=0, label=text) for colour, text in shares]
        handles.append(Patch(color=FAINT, alpha=0.25, lw=0, label="prior"))
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
        figure.suptitle("What the data decided, and what the prior decided")
        if run.problem.simulated:
            stamp_figure(figure)
    return figure
