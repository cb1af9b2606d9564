"""`jaxcrc scan`: log-density over a grid, and its map."""

from __future__ import annotations

import argparse

from fitting.cli.arguments import add_out, add_seed

TEXT, COMPUTES = (
    "log-density over a grid, and its map: conditional, with the other free parameters held at the MAP, so that its "
    "regions are narrower than those of the posterior (jaxcrc fit)",
    True,
)
EXAMPLE = (
    "scan w28 --grid components.escaped.medium.log10_chi=-3:0.5:60 "
    "--grid components.escaped.medium.delta=-0.2:0.8:50 --out w28-scan"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("case", help="shipped case, case file or folder")
    parser.add_argument("--grid", action="append", required=True, metavar="PATH=lo:hi:n[:log]", help="an axis")
    add_seed(parser)
    add_out(parser, required=True)


def run(options: argparse.Namespace) -> int:
    """Scan, write, draw."""
    from fitting.cases.case import load
    from fitting.cli.terminal import Bar, console, out_folder
    from fitting.inference.scan import parse_axis, save_scan, scan
    from fitting.report.write import write_scan
    from jaxcrc.scene import describe

    problem, grid = load(options.case), dict(parse_axis(text) for text in options.grid)
    for path in grid:
        describe(problem.scene, path)
    folder = out_folder(options)
    with Bar() as bar:
        dataset = scan(problem, grid, progress=lambda done, total: bar.update("scan", done, total), seed=options.seed)
    folder.mkdir(parents=True, exist_ok=True)
    save_scan(dataset, folder / "scan.nc")
    console.print(f"{folder / 'scan.nc'}", soft_wrap=True)
    console.print(f"{write_scan(dataset, folder)}", soft_wrap=True)
    return 0
