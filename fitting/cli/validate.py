"""`jaxcrc validate`: what a table holds, or what is wrong with it."""

from __future__ import annotations

import argparse

TEXT, EXAMPLE, COMPUTES = "say what a table holds, or what is wrong with it", "validate w28/hess_j1800_240b", False


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("table", help="ECSV file, or a shipped table")


def run(options: argparse.Namespace) -> int:
    """Read and describe."""
    from fitting.cli.terminal import say
    from fitting.tables.describe import describe
    from fitting.tables.files import read_table

    say(describe(read_table(options.table)))
    return 0
