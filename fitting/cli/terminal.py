"""What commands share: the terminal, progress, the folder that is written to, values from the command line."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def terminal_table(run: Run) -> Grid:
    """The summary for a terminal: median, 68 and 95 % intervals, MAP, R-hat, ESS, shrinkage."""
    from fitting.report.sections import cell, parameter_name
    from fitting.runs.labels import unit_of

    title = (run.problem.title or "Parameters") + (" (SIMULATED)" if run.problem.simulated else "")
    table = Grid(title=escape(title))
    for column in ("parameter", "median", "68 %", "95 %", "MAP", "R-hat", "ESS", "shrinkage"):
        table.add_column(column, justify="left" if column == "parameter" else "right", no_wrap=True)
    for row in run.summary():
        name, unit = parameter_name(run, str(row["parameter"])), unit_of(str(row["unit"]))
        ends = {column: short(float(row[column])) for column in ("q2.5", "q16", "q50", "q84", "q97.5", "map")}
        table.add_row(
            escape(f"{name} [{unit}]" if unit else name),
            ends["q50"],
            f"{ends['q16']} … {ends['q84']}",
            f"{ends['q2.5']} … {ends['q97.5']}",
            ends["map"],
            *(cell(column, float(row[column])) for column in ("r_hat", "ess_bulk", "shrinkage")),
        )
    return table
