"""`jaxcrc predict`: what a case's tables would read."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fitting.cli.arguments import add_out, add_set

if TYPE_CHECKING:
    from fitting.problem.problem import Problem

TEXT, EXAMPLE, COMPUTES = "what a case's tables would read", "predict w28 --out prediction", True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", help="shipped case, case file or folder")
    add_set(parser)
    add_out(parser, required=False)


def run(options: argparse.Namespace) -> int:
    """Predict, print, and write where asked to."""
    from contextlib import nullcontext

    from fitting.cases.case import load, sources, write_case
    from fitting.cli.terminal import case_names, say, values_of, writing

    problem, written = load(options.case), options.out is not None
    place = writing(options, case_names(problem), sources(options.case)) if written else nullcontext()
    with place as folder:
        mock = problem.at(values_of(problem, options.set))
        _show(problem, mock.predict().tables)
        if folder is not None:
            path = write_case(mock, folder, mock.expected_tables(), overwrite=options.overwrite)
            say(f"Predicted tables (labelled simulated) and their case: {path}")
    return 0


def _show(problem: Problem, predicted: Mapping[str, Any]) -> None:
    """Each point of each table: its energy and bin, predicted and measured."""
    import numpy as np

    from fitting.cli.terminal import show_grid
    from fitting.problem.mocks import is_blank

    for name, table in problem.tables.items():
        rows = []
        for i, j in np.ndindex(table.value.shape):
            edges = f"{table.r_min[j]:.3g}-{table.r_max[j]:.3g} deg" if table.is_profile else "region"
            limit = "< " if table.is_ul[i, j] else ""
            measured = f"{limit}{table.value[i, j]:.3e}" if table.used[i, j] and not is_blank(table) else "-"
            rows.append((f"{table.photon[i]:.4g}", edges, f"{predicted[name][i, j]:.4e}", measured))
        columns = ("energy [GeV]", "bin", "predicted", "measured")
        show_grid(columns, rows, f"{name} [{table.unit}]", justify="right")
