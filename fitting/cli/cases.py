"""`jaxcrc cases`: the shipped cases."""

from __future__ import annotations

import argparse

TEXT, EXAMPLE, COMPUTES = "list the shipped cases", "cases", False


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    """List names and titles."""
    from fitting.cases.files import shipped_cases, title
    from fitting.cli.terminal import show_grid

    show_grid(("case", "title"), ((name, title(name)) for name in shipped_cases()))
    return 0
