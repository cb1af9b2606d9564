"""`jaxcrc predict`: what a case's tables would read."""

from __future__ import annotations

import argparse

from fitting.cli.arguments import add_out, add_set

TEXT, EXAMPLE, COMPUTES = "what a case's tables would read", "predict w28 --out prediction", True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", help="shipped case, case file or folder")
    add_set(parser)
    add_out(parser, required=False)


def run(options: argparse.Namespace) -> int:
    """Predict, print, and write where asked to."""
    import numpy as np
    from rich.markup import escape
    from rich.table import Table as Grid

    from fitting.cases.case import load, write_case
    from fitting.cli.terminal import console, out_folder, values_of
    from fitting.problem.mocks import is_blank

    problem = load(options.case)
    folder = out_folder(options) if options.out is not None else None
    mock = problem.at(values_of(problem, options.set))
    predicted = mock.predict().tables
    for name, table in problem.tables.items():
        grid = Grid(title=escape(f"{name} [{table.unit}]"))
        for column in ("energy [GeV]", "bin", "predicted", "measured"):
            grid.add_column(column, justify="right")
        for i, j in np.ndindex(table.value.shape):
            edges = f"{table.r_min[j]:.3g}-{table.r_max[j]:.3g} deg" if table.is_profile else "region"
            limit = "< " if table.is_ul[i, j] else ""
            measured = f"{limit}{table.value[i, j]:.3e}" if table.used[i, j] and not is_blank(table) else "-"
            grid.add_row(f"{table.photon[i]:.4g}", edges, f"{predicted[name][i, j]:.4e}", measured)
        console.print(grid)
    if folder is not None:
        path = write_case(mock, folder, mock.expected_tables(), overwrite=options.overwrite)
        console.print(f"Predicted tables (labelled simulated) and their case: {path}", soft_wrap=True)
    return 0
