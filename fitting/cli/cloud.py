"""`jaxcrc cloud`: a table of a cosmic-ray cloud and its figures."""

from __future__ import annotations

import argparse

from fitting.cli.arguments import add_out, number

TEXT, COMPUTES = "a cosmic-ray cloud: half-life, escape, grammage, figures", True
EXAMPLE = "cloud --phase cnm --radius 2.7 --energy 10 100 1000 --growth-factor 0.5 --no-advection --out cnm"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add = parser.add_argument
    add("--phase", required=True, help="hism, wim, wnm, cnm, dim or dc")
    add(
        "--radius",
        type=number(),
        required=True,
        help="of the remnant [pc]; the cloud is 2R/3 long each way",
    )
    add("--energy", type=number(), nargs="+", required=True, help="total energies of the protons [GeV]")
    add("--released-energy", type=number(0.0, above=True), default=1.0, help="in 1e50 erg (default: 1)")
    add("--index", type=number(), default=2.2, help="of the spectrum in total energy (default: 2.2)")
    add("--kappa0", default="nava16", help="name of the ambient diffusion coefficient (default: nava16)")
    add("--injection-scale", type=number(0.0, above=True), default=50.0, help="of the turbulence [pc] (default: 50)")
    add("--growth-factor", type=number(0.0, above=True), default=1.0, help="g: 1, or 0.5 for P over B²/4π (default: 1)")
    add("--damping", nargs="+", default=["ion-neutral", "nlld", "turbulent"], help="mechanisms")
    add("--no-advection", action="store_true", help="leave out the drift with the waves")
    add("--release", default="halflife", help="halflife or sudden (default: halflife)")
    add(
        "--length",
        type=number(0.0, above=True),
        default=100.0,
        help="of the grammage, to both sides [pc] (default: 100)",
    )
    add("--distance", type=number(0.0), nargs=2, default=[30.0, 100.0], help="of the spectra [pc]")
    add(
        "--extent",
        type=number(),
        default=1000.0,
        help="end of the mesh, in half-lengths (default: 1000)",
    )
    add_out(parser, required=True)


def run(options: argparse.Namespace) -> int:
    """Study, print, draw, write."""
    from fitting.cli.terminal import say, show_grid, writing
    from fitting.report.clouds import CloudRequest, advice, study
    from fitting.report.write import cloud_files, write_cloud

    chosen = {name: getattr(options, name) for name in ("released_energy", "index", "kappa0", "injection_scale")}
    chosen |= {"growth_factor": options.growth_factor, "advection": not options.no_advection}
    request = CloudRequest(
        options.phase,
        options.radius,
        options.energy,
        options.release,
        options.length,
        options.distance,
        options.extent,
        {**chosen, "damping": tuple(options.damping)},
    )
    with writing(options, [*cloud_files(request)]) as folder:
        answer = study(request)
        columns = [f"{name} [{c.unit}]" if (c := answer.table[name]).unit else name for name in answer.table.colnames]
        show_grid(columns, ([v if isinstance(v, str) else f"{float(v):.4g}" for v in row] for row in answer.table))
        for line in advice(answer.table):
            say(line)
        for path in write_cloud(answer, folder):
            say(f"{path}")
    return 0
