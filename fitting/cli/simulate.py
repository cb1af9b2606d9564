"""`jaxcrc simulate`: mock tables from chosen parameters, and a case that fits them."""

from __future__ import annotations

import argparse

from fitting.cli.arguments import add_out, add_seed, add_set, number

TEXT, COMPUTES = "mock tables and a case that fits them", True
EXAMPLE = "simulate demo --set components.halo.medium.delta=0.4 --out mock"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", help="shipped case, case file or folder")
    add_set(parser)
    add_seed(parser)
    parser.add_argument(
        "--errors", type=number(0.0, above=True), help="relative error of each point (default: the tables' own)"
    )
    add_out(parser, required=True)


def run(options: argparse.Namespace) -> int:
    """Simulate and write."""
    from fitting.cases.case import load, sources, write_case
    from fitting.cli.terminal import case_names, say, values_of, writing
    from fitting.problem.problem import simulate

    problem = load(options.case)
    with writing(options, case_names(problem), sources(options.case)) as folder:
        mock = simulate(problem.at(values_of(problem, options.set)), options.seed, options.errors)
        path = write_case(mock, folder, overwrite=options.overwrite)
    say(f"SIMULATED tables and their case: {path}\nFit them: jaxcrc fit {folder}")
    return 0
