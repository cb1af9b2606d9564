"""`jaxcrc fit`: MAP, draws, verdict, table, report."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fitting.cli.arguments import add_out, add_seed

if TYPE_CHECKING:
    from fitting.problem.problem import Problem

TEXT, EXAMPLE, COMPUTES = "fit a case: MAP, then NUTS; verdict, table, report", "fit demo --seed 1 --out demo-run", True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", nargs="?", default="w28", help="shipped case, case file or folder (default: w28)")
    add_seed(parser)
    parser.add_argument("--method", default="nuts", help="nuts, or map for a Gaussian around the MAP (default: nuts)")
    parser.add_argument("--chains", type=int, help="default: the case's own, else 4")
    parser.add_argument("--warmup", type=int, help="default: the case's own, else 500")
    parser.add_argument("--draws", type=int, help="draws a chain; default: the case's own, else 1000")
    add_out(parser, required=False)


def run(options: argparse.Namespace) -> int:
    """Fit, print, write."""
    from fitting.cases.case import load
    from fitting.cli.terminal import Bar, console, out_folder, show
    from fitting.inference.fit import fit

    begun = time.perf_counter()
    problem = load(options.case)
    folder = out_folder(options, f"crc-{Path(options.case).stem}")
    sampling = {k: v for k in ("chains", "warmup", "draws") if (v := getattr(options, k)) is not None}
    _headline(problem)
    with Bar() as bar:
        found = fit(problem, options.method, options.seed, bar.update, folder, **sampling)
    from fitting.report.write import write_report  # brings matplotlib, which a sampling chain need not wait for

    page = write_report(found, folder)
    show(found)
    seconds = found.about["seconds_map"], found.about["seconds_draws"], time.perf_counter() - begun
    console.print("MAP {:.1f} s, draws {:.1f} s, in all {:.1f} s (compilation included).".format(*seconds))
    console.print(f"Report: {page}", soft_wrap=True)
    for picture in sorted(folder.glob("*.png")):
        console.print(f"  {picture}", soft_wrap=True)
    return 0


def _headline(problem: Problem) -> None:
    import jax

    from fitting.cli.terminal import console, show_notes

    console.print(f"[bold]{problem.title}[/bold]" + (" [bold red]SIMULATED[/bold red]" if problem.simulated else ""))
    points = {name: int(table.used.sum()) for name, table in problem.tables.items()}
    listed = ", ".join(f"{name} ({count} points)" for name, count in points.items())
    show_notes(problem)
    devices = jax.local_devices()
    console.print(
        f"{len(problem.paths)} free parameters; tables: {listed}; {len(devices)} {devices[0].platform} device(s)"
    )
