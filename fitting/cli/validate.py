"""`jaxcrc validate`: what a table or a case holds, what is odd about it, or what is wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

TEXT, COMPUTES = "say what a table or a case holds, what is odd about it, or what is wrong", False
EXAMPLE = "validate w28/hess_j1800_240b"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("table", help="ECSV file or shipped table; or a case: its file or folder, or a shipped one")


def run(options: argparse.Namespace) -> int:
    """Read and describe."""
    from fitting.cases.files import shipped_cases
    from fitting.cli.terminal import say, show_notes
    from fitting.tables.describe import describe
    from fitting.tables.files import read_table

    path = Path(options.table)
    if path.suffix == ".toml" or path.is_dir() or options.table in shipped_cases():
        from fitting.cases.case import load

        problem = load(options.table)
        say(problem)
        show_notes(problem)
        return 0
    say(describe(read_table(options.table)))
    return 0
