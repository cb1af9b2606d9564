"""What commands share: the terminal, progress, the folder that is written to, values from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as Grid
from rich.text import Text

from fitting.cases.files import CASE_FILE
from fitting.cases.folder import held, refuse_replacing
from fitting.cli.arguments import assigned
from fitting.words import plain, short

if TYPE_CHECKING:
    from fitting.problem.problem import Problem
    from fitting.runs.run import Run

Justify = Literal["left", "right"]
console = Console(width=None if sys.stdout.isatty() else 118)


class Bar:
    """Progress of the stages of a command, on the terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        self._progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._tasks:
            self._progress.stop()

    def update(self, stage: str, done: int, total: int, divergences: int = 0) -> None:
        """Move the bar of a stage."""
        self._progress.start()  # where it runs already, nothing happens
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        text = f"{stage} ({divergences} divergences)" if divergences else stage
        self._progress.update(self._tasks[stage], completed=done, total=total, description=text)


def say(text: object, style: str = "") -> None:
    """Print text as it stands: what a title, a name or a path holds never steers the terminal."""
    console.print(Text(plain(text), style=style), soft_wrap=True, highlight=False)


def show_grid(
    columns: Iterable[object], rows: Iterable[Iterable[object]], title: object = "", justify: Justify = "left"
) -> None:
    """Print a table of such text."""
    console.print(grid_of(columns, rows, title, justify))


def grid_of(
    columns: Iterable[object], rows: Iterable[Iterable[object]], title: object = "", justify: Justify = "left"
) -> Grid:
    """A table of such text; the first column stands to the left."""
    grid = Grid(title=Text(plain(title)) if title else None)
    for index, column in enumerate(columns):
        grid.add_column(Text(plain(column)), justify=justify if index else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(plain(cell)) for cell in row))
    return grid


@contextmanager
def writing(
    options: argparse.Namespace, files: Iterable[str] | Mapping[str, bytes | None], inputs: Iterable[Path] = ()
) -> Iterator[Path]:
    """The output folder: tried before anything is computed, and ours alone while something is.

    Arguments: files — names of all that will be written, with their content where it is known; inputs — what the work
    is read from. Errors: ValueError where nothing can be written, another process writes, or a file is there already
    and overwriting was not asked for.
    """
    with held(options.out) as folder:
        known = files if isinstance(files, Mapping) else dict.fromkeys(files)
        refuse_replacing(folder, known, options.overwrite, inputs)
        yield folder


def case_names(problem: Problem) -> list[str]:
    """Names of the files that a problem's case consists of."""
    return [*(f"{name}.ecsv" for name in problem.tables), CASE_FILE]


def values_of(problem: Problem, assignments: list[str]) -> dict[str, float]:
    """{path: value} of PATH=VALUE texts. Errors: ValueError as for `Problem.moves`."""
    texts = assigned(assignments, "PATH=NUMBER")
    try:
        values = problem.moves({path: _number(text) for path, text in texts.items()})
    except ValueError as error:
        unread = any(repr(text) in str(error) for text in texts.values())
        raise ValueError(f"{error}{'; write PATH=NUMBER, or a number with its unit' * unread}") from None
    return {path: float(value) for path, value in values.items()}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def show(run: Run) -> None:
    """Verdict and table of a run."""
    from fitting.report.verdict import verdict

    for paragraph in verdict(run):
        console.print(Text(plain(paragraph)), highlight=False)
    console.print(terminal_table(run))


def show_notes(problem: Problem) -> None:
    """What a problem takes for granted, or what is odd about it."""
    for note in problem.notes:
        say(f"Note: {note}.")


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
            grid.add_row(*texts(name, *cells))
    return grid


def texts(*cells: object) -> list[Text]:
    """Cells as they stand."""
    return [Text(plain(cell)) for cell in cells]


def bold(cell: object) -> Text:
    """A cell that heads others."""
    return Text(plain(cell), style="bold")


def new_grid(title: str, heads: list[str], show_header: bool = True, fold: bool = False) -> Grid:
    """A table without rows: its first column to the left, the others to the right. Arguments: fold — long cells."""
    grid = Grid(title=Text(plain(title)) if title else None, box=SIMPLE_HEAD, pad_edge=False, show_header=show_header)
    for head in heads:
        side: Literal["left", "right"] = "right" if grid.columns else "left"
        grid.add_column(Text(plain(head)), justify=side, no_wrap=not fold, overflow="fold")
    return grid


def _stacked(title: str, heads: list[str], groups: dict[bool, list[list[str]]]) -> Grid:
    """The cells of each parameter beneath each other."""
    grid = new_grid(title, [""], show_header=False, fold=True)
    for far, rows in groups.items():
        for name, *cells in rows:
            grid.add_row(bold(name + ", extrapolated" * far))
            for head, text in zip(heads, cells, strict=True):
                if head in LAYOUTS[2]:
                    grid.add_row(*texts(f"  {head}: {text}"))
    return grid


def fitting_grid(choices: list[Grid], last: Grid, width: int | None = None) -> Grid:
    """The first of some tables that a terminal of a width [characters] has room for, else the last."""
    room = console.width if width is None else width
    wide = console.options.update(width=10_000)
    return next((grid for grid in choices if console.measure(grid, options=wide).maximum <= room), last)
