"""`jaxcrc fit`: MAP, draws, verdict, table, report."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fitting.cli.arguments import add_out, add_seed, whole

if TYPE_CHECKING:
    from fitting.inference.fit import UnsavedError
    from fitting.problem.problem import Problem

TEXT, EXAMPLE, COMPUTES = "fit a case: MAP, then NUTS; verdict, table, report", "fit demo --seed 1 --out demo-run", True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", nargs="?", default="w28", help="shipped case, case file or folder (default: w28)")
    add_seed(parser)
    parser.add_argument("--method", default="nuts", help="nuts, or map for a Gaussian around the MAP (default: nuts)")
    parser.add_argument("--chains", type=whole(1, 10**7), help="default: the case's own, else 4")
    parser.add_argument("--warmup", type=whole(1, 10**7), help="default: the case's own, else 500")
    parser.add_argument("--draws", type=whole(1, 10**7), help="draws a chain; default: the case's own, else 1000")
    add_out(parser, required=False)


def run(options: argparse.Namespace) -> int:
    """Fit, print, write."""
    from fitting.cases.case import case_files, load, sources
    from fitting.cli.terminal import Bar, say, show, writing
    from fitting.inference.fit import UnsavedError, fit
    from fitting.runs.stored import REPORT_FILES, RUN_FILE

    begun = time.perf_counter()
    problem = load(options.case)
    options.out = options.out or Path(f"crc-{Path(options.case).stem}")
    sampling = {k: v for k in ("chains", "warmup", "draws") if (v := getattr(options, k)) is not None}
    files = {**case_files(problem), **dict.fromkeys((RUN_FILE, *REPORT_FILES))}
    with writing(options, files, sources(options.case)) as folder:
        _headline(problem)
        try:
            with Bar() as bar:
                found = fit(problem, options.method, options.seed, bar.update, folder, True, **sampling)
        except UnsavedError as error:
            raise ValueError(f"{error}; {_rescued(error)}") from None
        from fitting.report.write import write_report  # brings matplotlib, which a sampling chain need not wait for

        show(found)
        page = write_report(found, folder)
    seconds = found.about["seconds_map"], found.about["seconds_draws"], time.perf_counter() - begun
    say("MAP {:.1f} s, draws {:.1f} s, in all {:.1f} s (compilation included).".format(*seconds))
    say(f"Report: {page}")
    for picture in sorted(folder.glob("*.png")):
        say(f"  {picture}")
    return 0 if found.about["complete"] else 130


def _rescued(error: UnsavedError) -> str:
    """Draws that found no room, shown and put where temporary files go."""
    import tempfile

    from fitting.cli.terminal import show

    show(error.run)
    try:
        folder = error.run.save(tempfile.mkdtemp(prefix="jaxcrc-"))
    except (OSError, ValueError):
        return "make room, and fit again"
    return f"the run was saved in {folder} instead: move it where there is room"


def _headline(problem: Problem) -> None:
    import jax

    from fitting.cli.terminal import say, show_notes

    say(problem.title + " SIMULATED" * problem.simulated, style="bold red" if problem.simulated else "bold")
    points = {name: int(table.used.sum()) for name, table in problem.tables.items()}
    listed = ", ".join(f"{name} ({count} points)" for name, count in points.items())
    show_notes(problem)
    devices = jax.local_devices()
    say(f"{len(problem.paths)} free parameters; tables: {listed}; {len(devices)} {devices[0].platform} device(s)")
