"""What each command of the command line does: read, call, print."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as Grid

from fitting.cases import case as cases_room
from fitting.inference.fit import fit as fit_problem
from fitting.inference.scan import parse_axis, save_scan
from fitting.inference.scan import scan as scan_problem
from fitting.problem.problem import Problem
from fitting.report.clouds import CloudRequest, advice, spectra, study
from fitting.report.compare import side_by_side
from fitting.report.verdict import verdict
from fitting.runs.run import Run
from fitting.tables.describe import describe
from fitting.tables.table import read_table
from jaxcrc.scene import describe as describe_parameter

console = Console(width=None if sys.stdout.isatty() else 118)


def fit(options: argparse.Namespace) -> int:
    """`jaxcrc fit`: MAP, NUTS, verdict, table, report."""
    begun = time.perf_counter()
    problem = cases_room.load(options.case)
    folder = _folder(options, f"crc-{Path(options.case).stem}")
    sampling = {k: v for k in ("chains", "warmup", "draws") if (v := getattr(options, k)) is not None}
    _headline(problem)
    with _Bar() as bar:
        run = fit_problem(problem, options.method, options.seed, bar.update, folder, **sampling)
    page = run.report(folder)
    _show(run)
    seconds = run.about["seconds_map"], run.about["seconds_draws"], time.perf_counter() - begun
    console.print("MAP {:.1f} s, draws {:.1f} s, in all {:.1f} s (compilation included).".format(*seconds))
    console.print(f"Report: {page}", soft_wrap=True)
    for picture in sorted(folder.glob("*.png")):
        console.print(f"  {picture}", soft_wrap=True)
    return 0


def simulate(options: argparse.Namespace) -> int:
    """`jaxcrc simulate`: mock tables from chosen parameters, and a case that fits them."""
    problem = cases_room.load(options.case)
    folder = _folder(options)
    values = _values(problem, options.set)
    mock = problem.at(values)
    tables = mock.simulate(key=jax.random.key(options.seed), errors=options.errors)
    path = cases_room.write_case(mock, folder, tables, overwrite=options.overwrite)
    console.print(f"SIMULATED tables and their case: {path}\nFit them: jaxcrc fit {folder}", soft_wrap=True)
    return 0


def predict(options: argparse.Namespace) -> int:
    """`jaxcrc predict`: what the tables would read."""
    problem = cases_room.load(options.case)
    mock = problem.at(_values(problem, options.set))
    predicted = mock.predict().tables
    for name, table in problem.tables.items():
        grid = Grid(title=escape(f"{name} [{table.unit}]"))
        for column in ("energy [GeV]", "bin", "predicted", "measured"):
            grid.add_column(column, justify="right")
        for i, j in np.ndindex(table.value.shape):
            edges = "region" if table.r_min is None else f"{table.r_min[j]:.3g}-{table.r_max[j]:.3g} deg"
            limit = "< " if table.is_ul[i, j] else ""
            measured = f"{limit}{table.value[i, j]:.3e}" if table.used[i, j] else "-"
            grid.add_row(f"{table.photon[i]:.4g}", edges, f"{predicted[name][i, j]:.4e}", measured)
        console.print(grid)
    if options.out is not None:
        folder = _folder(options)
        path = cases_room.write_case(mock, folder, mock.expected_tables(), overwrite=options.overwrite)
        console.print(f"Predicted tables (labelled simulated) and their case: {path}", soft_wrap=True)
    return 0


def cases(options: argparse.Namespace) -> int:
    """`jaxcrc cases`: shipped cases."""
    grid = Grid("case", "title")
    for name in cases_room.cases():
        grid.add_row(name, cases_room.title(name))
    console.print(grid)
    return 0


def case(options: argparse.Namespace) -> int:
    """`jaxcrc case`: a case file to start from."""
    name = "template" if options.template else options.name
    sys.stdout.write(cases_room.locate_case(name).read_text(encoding="utf-8"))
    return 0


def report(options: argparse.Namespace) -> int:
    """`jaxcrc report`: the report of a saved run, again."""
    run = Run.load(options.folder)
    page = run.report(options.folder)
    _show(run)
    console.print(f"Report: {page}", soft_wrap=True)
    return 0


def compare(options: argparse.Namespace) -> int:
    """`jaxcrc compare`: two saved runs."""
    table = side_by_side(*(Run.load(folder) for folder in options.folders))
    grid = Grid("parameter", "unit", *(str(f) for f in options.folders), "difference / width")
    for row in table:
        sides = [f"{row[m]:.4g} ± {row[w]:.2g}" for m, w in (("first", "width_1"), ("second", "width_2"))]
        cells = [*sides, f"{row['pull']:+.2f}"]
        grid.add_row(row["parameter"], row["unit"], *("–" if "nan" in cell else cell for cell in cells))
    console.print(grid)
    return 0


def validate(options: argparse.Namespace) -> int:
    """`jaxcrc validate`: what a table holds."""
    console.print(describe(read_table(options.table)), soft_wrap=True, highlight=False)
    return 0


def scan(options: argparse.Namespace) -> int:
    """`jaxcrc scan`: log-density over a grid, and its map."""
    problem = cases_room.load(options.case)
    grid = dict(parse_axis(text) for text in options.grid)
    for path in grid:
        describe_parameter(problem.scene, path)
    folder = _folder(options)
    with _Bar() as bar:
        dataset = scan_problem(
            problem, grid, progress=lambda done, total: bar.update("scan", done, total, 0), seed=options.seed
        )
    folder.mkdir(parents=True, exist_ok=True)
    save_scan(dataset, folder / "scan.nc")
    console.print(f"{folder / 'scan.nc'}", soft_wrap=True)
    from fitting.report import write as reports

    console.print(f"{reports.write_scan(dataset, folder)}", soft_wrap=True)
    return 0


def cloud(options: argparse.Namespace) -> int:
    """`jaxcrc cloud`: a table of a cosmic-ray cloud and its figures."""
    chosen = {name: getattr(options, name) for name in ("released_energy", "index", "kappa0", "injection_scale")}
    chosen |= {"growth_factor": options.growth_factor, "advection": not options.no_advection}
    request = CloudRequest(
        options.phase,
        options.radius,
        options.energy,
        options.release,
        options.length,
        options.distance,
        options.extent,
        {**chosen, "damping": tuple(options.damping)},
    )
    target = options.out / "cloud.ecsv"
    if target.exists() and not options.overwrite:
        raise ValueError(f"{target} exists already: give another --out, or --overwrite")
    answer = study(request)
    grid = Grid(*(escape(f"{n} [{c.unit}]" if (c := answer.table[n]).unit else n) for n in answer.table.colnames))
    for row in answer.table:
        grid.add_row(*(value if isinstance(value, str) else f"{float(value):.4g}" for value in row))
    console.print(grid)
    for line in advice(answer.table):
        console.print(line, highlight=False)
    options.out.mkdir(parents=True, exist_ok=True)
    answer.table.write(target, format="ascii.ecsv", overwrite=True)
    from fitting.report import figures  # brings matplotlib

    pictures = {"half_life": figures.plot_half_life(answer)}
    for index, energy in enumerate(request.energy):
        pictures[f"along_{energy:g}GeV"] = figures.plot_along(answer, index)
    pictures["spectra"] = figures.plot_cloud_spectra(answer, spectra(request))
    console.print(f"{target}", soft_wrap=True)
    for name, picture in pictures.items():
        picture.savefig(options.out / f"{name}.png")
        console.print(f"  {options.out / name}.png", soft_wrap=True)
    return 0


class _Bar:
    """Progress of the stages of a command, on the terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        self._progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, stage: str, done: int, total: int, divergences: int) -> None:
        """Move the bar of a stage."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        text = f"{stage} ({divergences} divergences)" if divergences else stage
        self._progress.update(self._tasks[stage], completed=done, total=total, description=text)


def _folder(options: argparse.Namespace, default: str | None = None) -> Path:
    """The output folder, refused when it holds a case already and overwriting was not asked for."""
    folder = options.out or Path(default or ".")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: give --out a folder")
    if (folder / cases_room.CASE_FILE).exists() and not options.overwrite:
        raise ValueError(f"{folder} holds a case already: give another --out, or --overwrite")
    return folder


def _values(problem: Problem, assignments: list[str]) -> dict[str, float]:
    values = {}
    for text in assignments:
        path, _, value = text.partition("=")
        describe_parameter(problem.scene, path)
        try:
            values[path] = float(value)
        except ValueError:
            raise ValueError(f"cannot read '{text}': write PATH=NUMBER") from None
    return values


def _headline(problem: Problem) -> None:
    console.print(f"[bold]{problem.title}[/bold]" + (" [bold red]SIMULATED[/bold red]" if problem.simulated else ""))
    points = {name: int(table.used.sum()) for name, table in problem.tables.items()}
    listed = ", ".join(f"{name} ({count} points)" for name, count in points.items())
    devices = jax.local_devices()
    console.print(
        f"{len(problem.paths)} free parameters; tables: {listed}; {len(devices)} {devices[0].platform} device(s)"
    )


def _show(run: Run) -> None:
    for paragraph in verdict(run):
        console.print(paragraph, highlight=False, markup=False)
    from fitting.report import write as reports  # brings matplotlib, which a sampling chain need not wait for

    console.print(reports.terminal_table(run))
