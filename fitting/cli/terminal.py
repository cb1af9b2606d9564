"""What commands share: the terminal, progress, the folder that is written to, values from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
    """{path: value} of PATH=VALUE texts. Errors: ValueError for an unknown path, or a value out of its range."""
    from fitting.cases.parts import check_range
    from jaxcrc.scene import describe

    values = {}
    for path, text in assigned(assignments, "PATH=NUMBER").items():
        about = describe(problem.scene, path)
        try:
            values[path] = float(text)
        except ValueError:
            raise ValueError(f"cannot read '{path}={text}': write PATH=NUMBER") from None
        check_range(about, values[path], text, path)
    return values


def show(run: Run) -> None:
    """Verdict and table of a run."""
    from fitting.report.verdict import verdict

    for paragraph in verdict(run):
        console.print(Text(plain(paragraph)), highlight=False)
    console.print(terminal_table(run))


def terminal_table(run: Run) -> Grid:
    """The summary for a terminal: median, 68 and 95 % intervals, MAP, R-hat, ESS, shrinkage."""
    title = (run.problem.title or "Parameters") + (" (SIMULATED)" if run.problem.simulated else "")
    columns = ("parameter", "median", "68 %", "95 %", "MAP", "R-hat", "ESS", "shrinkage")
    return grid_of(columns, _summary_rows(run), title, justify="right")


def _summary_rows(run: Run) -> Iterator[list[str]]:
    from fitting.report.sections import cell, parameter_name
    from fitting.runs.labels import unit_of

    for row in run.summary():
        name, unit = parameter_name(run, str(row["parameter"])), unit_of(str(row["unit"]))
        ends = {column: short(float(row[column])) for column in ("q2.5", "q16", "q50", "q84", "q97.5", "map")}
        yield [
            f"{name} [{unit}]" if unit else name,
            ends["q50"],
            f"{ends['q16']} … {ends['q84']}",
            f"{ends['q2.5']} … {ends['q97.5']}",
            ends["map"],
            *(cell(column, float(row[column])) for column in ("r_hat", "ess_bulk", "shrinkage")),
        ]
