"""`jaxcrc report`: the report of a saved run, again."""

from __future__ import annotations

import argparse
from pathlib import Path

TEXT, EXAMPLE, COMPUTES = "write the report of a saved run again", "report w28-run", True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("folder", type=Path, help="that a fit wrote with --out")


def run(options: argparse.Namespace) -> int:
    """Load, write, print."""
    from fitting.cases.folder import held
    from fitting.cli.terminal import say, show
    from fitting.report.write import write_report
    from fitting.runs.run import Run

    found = Run.load(options.folder)
    with held(options.folder):
        page = write_report(found, options.folder)
    show(found)
    say(f"Report: {page}")
    return 0
