"""`jaxcrc cloud`: a table of a cosmic-ray cloud and its figures."""

from __future__ import annotations

import argparse

from fitting.cli.arguments import add_out

TEXT, COMPUTES = "a cosmic-ray cloud: half-life, escape, grammage, figures", True
EXAMPLE = "cloud --phase cnm --radius 2.7 --energy 10 100 1000 --growth-factor 0.5 --no-advection --out cnm"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add = parser.add_argument
    add("--phase", required=True, help="hism, wim, wnm, cnm, dim or dc")
    add("--radius", type=float, required=True, help="of the remnant [pc]; the cloud is 2R/3 long each way")
    add("--energy", type=float, nargs="+", required=True, help="total energies of the protons [GeV]")
    add("--released-energy", type=float, default=1.0, help="in 1e50 erg (default: 1)")
    add("--index", type=float, default=2.2, help="of the spectrum in total energy (default: 2.2)")
    add("--kappa0", default="nava16", help="name of the ambient diffusion coefficient (default: nava16)")
    add("--injection-scale", type=float, default=50.0, help="of the turbulence [pc] (default: 50)")
    add("--growth-factor", type=float, default=1.0, help="g: 1, or 0.5 for P over B²/4π (default: 1)")
    add("--damping", nargs="+", default=["ion-neutral", "nlld", "turbulent"], help="mechanisms")
    add("--no-advection", action="store_true", help="leave out the drift with the waves")
    add("--release", default="halflife", help="halflife or sudden (default: halflife)")
    add("--length", type=float, default=100.0, help="of the grammage, to both sides [pc] (default: 100)")
    add("--distance", type=float, nargs=2, default=[30.0, 100.0], help="of the spectra [pc]")
    add("--extent", type=float, default=1000.0, help="end of the mesh, in half-lengths (default: 1000)")
    add_out(parser, required=True)


def run(options: argparse.Namespace) -> int:
    """Study, print, draw, write."""
    from rich.markup import escape
    from rich.table import Table as Grid

    from fitting.cli.terminal import console, writable
    from fitting.report import figures
    from fitting.report.clouds import CloudRequest, advice, spectra, study

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
    target = options.out / "cloud.ecsv"
    if target.exists() and not options.overwrite:
        raise ValueError(f"{target} exists already: give another --out, or --overwrite")
    writable(options.out)
    answer = study(request)
    grid = Grid(*(escape(f"{n} [{c.unit}]" if (c := answer.table[n]).unit else n) for n in answer.table.colnames))
    for row in answer.table:
        grid.add_row(*(value if isinstance(value, str) else f"{float(value):.4g}" for value in row))
    console.print(grid)
    for line in advice(answer.table):
        console.print(line, highlight=False)
    options.out.mkdir(parents=True, exist_ok=True)
    answer.table.write(target, format="ascii.ecsv", overwrite=True)
    pictures = {"half_life": figures.plot_half_life(answer)}
    for index, energy in enumerate(request.energy):
        pictures[f"along_{energy:g}GeV"] = figures.plot_along(answer, index)
    pictures["spectra"] = figures.plot_cloud_spectra(answer, spectra(request))
    console.print(f"{target}", soft_wrap=True)
    for name, picture in pictures.items():
        picture.savefig(options.out / f"{name}.png")
        console.print(f"  {options.out / name}.png", soft_wrap=True)
    return 0
