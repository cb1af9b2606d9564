"""`jaxcrc cases`: the shipped cases."""

from __future__ import annotations

import argparse

TEXT, EXAMPLE, COMPUTES = "list the shipped cases", "cases", False


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    """List names and titles."""
    from rich.markup import escape
    from rich.table import Table as Grid

    from fitting.cases.files import shipped_cases, title
    from fitting.cli.terminal import console

    grid = Grid("case", "title")
    for name in shipped_cases():
        grid.add_row(name, escape(title(name)))
    console.print(grid)
    return 0
