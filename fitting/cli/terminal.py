"""What commands share: the terminal, progress, the folder that is written to, values from the command line."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as Grid

from fitting.cases.files import CASE_FILE
from fitting.words import short

if TYPE_CHECKING:
    from fitting.problem.problem import Problem
    from fitting.runs.run import Run

console = Console(width=None if sys.stdout.isatty() else 118)


class Bar:
    """Progress of the stages of a command, on the terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        self._progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, stage: str, done: int, total: int, divergences: int = 0) -> None:
        """Move the bar of a stage."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        text = f"{stage} ({divergences} divergences)" if divergences else stage
        self._progress.update(self._tasks[stage], completed=done, total=total, description=text)


def out_folder(options: argparse.Namespace, default: str = ".") -> Path:
    """The output folder, tried before anything is computed.

    Errors: ValueError where nothing can be written, or a case is there already and overwriting was not asked for.
    """
    folder = writable(options.out or Path(default))
    if (folder / CASE_FILE).exists() and not options.overwrite:
        raise ValueError(f"{folder} holds a case already: give another --out, or --overwrite")
    return folder


def writable(folder: Path) -> Path:
    """A folder that is there, or can be made, and takes files. Errors: ValueError where it does not."""
    there = next(path for path in (folder, *folder.parents, Path()) if path.exists())
    if not there.is_dir():
        raise ValueError(f"{there} is a file: give --out a folder")
    try:
        with tempfile.TemporaryDirectory(prefix=".jaxcrc-", dir=there):
            return folder
    except OSError as error:
        raise ValueError(f"cannot write into {there} ({error.strerror}): give another --out") from None


def values_of(problem: Problem, assignments: list[str]) -> dict[str, float]:
    """{path: value} of PATH=VALUE texts. Errors: ValueError for an unknown path, or what is no number."""
    from jaxcrc.scene import describe

    values = {}
    for text in assignments:
        path, _, value = text.partition("=")
        describe(problem.scene, path)
        try:
            values[path] = float(value)
        except ValueError:
            raise ValueError(f"cannot read '{text}': write PATH=NUMBER") from None
    return values


def show(run: Run) -> None:
    """Verdict and table of a run."""
    from fitting.report.verdict import verdict

    for paragraph in verdict(run):
        console.print(paragraph, highlight=False, markup=False)
    console.print(terminal_table(run))


def show_notes(problem: Problem) -> None:
    """What a problem takes for granted, or what is odd about it."""
    for note in problem.notes:
        console.print(f"Note: {note}.", soft_wrap=True, highlight=False, markup=False)


FULL = ("median", "68 %", "95 %", "MAP", "R-hat", "ESS bulk", "ESS tail", "shrinkage")
LAYOUTS = (FULL, (*FULL[:5], *FULL[6:]), FULL[:4], ("median", "95 %", "MAP"), ("median", "95 %"))
"""Columns of the table of a run, for terminals that grow narrower; then its cells are stacked."""


def terminal_table(run: Run, width: int | None = None) -> Grid:
    """The summary for a terminal of a width [characters], by default this one: no number is ever cut.

    Columns that a narrow terminal has no room for are left out; a very narrow one has the cells of a row beneath each
    other.
    """
    from fitting.report.sections import cell, columns_of, parameter_name
    from fitting.runs.labels import unit_of

    summary = run.summary()
    columns = [column for column in columns_of(summary) if column.head in FULL]
    groups: dict[bool, list[list[str]]] = {False: [], True: []}
    for row in summary:
        key, unit = str(row["parameter"]), unit_of(str(row["unit"]))
        name = parameter_name(run, key)
        cells = [cell(column, row, short, _ends) for column in columns]
        groups[key in summary.meta["extrapolated"]].append([f"{name} [{unit}]" if unit else name, *cells])
    heads = [column.head for column in columns]
    choices = [
        _grid(_title(run), ["parameter", *(heads[i] for i in kept)], {k: _picked(g, kept) for k, g in groups.items()})
        for kept in ([i for i, head in enumerate(heads) if head in layout] for layout in LAYOUTS)
    ]
    return fitting_grid(choices, _stacked(_title(run), heads, groups), width)


def _ends(low: float, high: float) -> str:
    return f"{short(low)} … {short(high)}"


def _title(run: Run) -> str:
    title = (run.problem.title or "Parameters") + (" (SIMULATED)" if run.problem.simulated else "")
    return title if run.sampled else f"{title} – a Gaussian around the MAP, no posterior"


def _picked(rows: list[list[str]], kept: list[int]) -> list[list[str]]:
    return [[row[0], *(row[1 + i] for i in kept)] for row in rows]


def _grid(title: str, heads: list[str], groups: dict[bool, list[list[str]]]) -> Grid:
    """A row for each parameter; those that are extrapolated beneath a line of their own."""
    grid = new_grid(title, heads)
    for far, rows in groups.items():
        if far and rows:
            grid.add_section()
            grid.add_row("extrapolated:", *[""] * (len(heads) - 1))
        for name, *cells in rows:
            grid.add_row(escape(name), *cells)
    return grid


def new_grid(title: str, heads: list[str], show_header: bool = True, fold: bool = False) -> Grid:
    """A table without rows: its first column to the left, the others to the right. Arguments: fold — long cells."""
    grid = Grid(title=escape(title) or None, box=SIMPLE_HEAD, pad_edge=False, show_header=show_header)
    for head in heads:
        side: Literal["left", "right"] = "right" if grid.columns else "left"
        grid.add_column(escape(head), justify=side, no_wrap=not fold, overflow="fold")
    return grid


def _stacked(title: str, heads: list[str], groups: dict[bool, list[list[str]]]) -> Grid:
    """The cells of each parameter beneath each other."""
    grid = new_grid(title, [""], show_header=False, fold=True)
    for far, rows in groups.items():
        for name, *cells in rows:
            grid.add_row(f"[bold]{escape(name)}[/bold]" + (", extrapolated" if far else ""))
            for head, text in zip(heads, cells, strict=True):
                if head in LAYOUTS[2]:
                    grid.add_row(f"  {head}: {text}")
    return grid


def fitting_grid(choices: list[Grid], last: Grid, width: int | None = None) -> Grid:
    """The first of some tables that a terminal of a width [characters] has room for, else the last."""
    room = console.width if width is None else width
    wide = console.options.update(width=10_000)
    return next((grid for grid in choices if console.measure(grid, options=wide).maximum <= room), last)
