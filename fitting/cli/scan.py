"""`jaxcrc scan`: log-density over a grid, and its map."""

from __future__ import annotations

import argparse
from functools import partial

from fitting.cli.arguments import add_out, add_seed, assigned

FORM = "PATH=lo:hi:n[:log]"
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
    parser.add_argument("--grid", action="append", required=True, metavar=FORM, help="an axis")
    add_seed(parser)
    add_out(parser, required=True)


def run(options: argparse.Namespace) -> int:
    """Scan, write, draw."""
    from fitting.cases.case import load
    from fitting.cli.terminal import Bar, say, writing
    from fitting.inference.checks import check_size
    from fitting.inference.scan import parse_axis, save_scan, scan
    from fitting.report.write import SCAN_FILE, write_scan

    grid = dict(parse_axis(f"{path}={axis}") for path, axis in assigned(options.grid, FORM).items())
    check_size({path: axis.size for path, axis in grid.items()})
    problem = load(options.case)
    with writing(options, ("scan.nc", SCAN_FILE)) as folder:
        with Bar() as bar:
            dataset = scan(problem, grid, progress=partial(bar.update, "scan"), seed=options.seed)
        save_scan(dataset, folder / "scan.nc")
        say(f"{folder / 'scan.nc'}")
        say(f"{write_scan(dataset, folder)}")
    return 0
