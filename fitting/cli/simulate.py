"""`jaxcrc simulate`: mock tables from chosen parameters, and a case that fits them."""

from __future__ import annotations

import argparse

from fitting.cli.arguments import add_out, add_seed, add_set

TEXT, COMPUTES = "mock tables and a case that fits them", True
EXAMPLE = "simulate demo --set components.halo.medium.delta=0.4 --out mock"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", help="shipped case, case file or folder")
    add_set(parser)
    add_seed(parser)
    parser.add_argument("--errors", type=float, help="relative error of each point (default: the tables' own)")
    add_out(parser, required=True)


def run(options: argparse.Namespace) -> int:
    """Simulate and write."""
    from fitting.cases.case import load, write_case
    from fitting.cli.terminal import console, out_folder, values_of
    from fitting.problem.problem import simulate

    problem, folder = load(options.case), out_folder(options)
    mock = simulate(problem.at(values_of(problem, options.set)), options.seed, options.errors)
    path = write_case(mock, folder, overwrite=options.overwrite)
    console.print(f"SIMULATED tables and their case: {path}\nFit them: jaxcrc fit {folder}", soft_wrap=True)
    return 0
