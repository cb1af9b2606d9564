"""`jaxcrc ...`: reads a case, calls the package, prints what came out."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

FIT_EXAMPLE = "example: jaxcrc fit w28 --out w28-run"


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns 0, 2 for input that cannot be used (one sentence on stderr), 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        _prepare()
        from fitting.cli import commands

        command: Callable[[argparse.Namespace], int] = getattr(commands, options.command)
        return command(options)
    except KeyboardInterrupt:
        print("stopped; what was already written is intact", file=sys.stderr)
        return 130
    except (ValueError, FileNotFoundError, FileExistsError, PermissionError) as error:
        if os.environ.get("JAXCRC_TRACEBACK"):
            raise
        print(f"jaxcrc: {error}", file=sys.stderr)
        return 2


def _prepare() -> None:
    """Before JAX starts: a virtual device for each chain's share of the cores, and a cache of compiled programs."""
    import jax

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jax.config.update("jax_num_cpu_devices", max(n for n in (1, 2, 4) if n <= max(cores, 1)))
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", str(base / "jaxcrc"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _add(
    sub: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, example: str
) -> argparse.ArgumentParser:
    parser = sub.add_parser(name, help=text, description=text, epilog=f"example: {example}")
    parser.set_defaults(command=name)
    return parser


def _out(parser: argparse.ArgumentParser, required: bool) -> None:
    parser.add_argument("--out", type=Path, required=required, help="folder for everything that is written")
    parser.add_argument("--overwrite", action="store_true", help="replace what the folder holds")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jaxcrc",
        description="Cosmic rays around their sources, fitted to gamma-ray profiles and spectra.",
        epilog=FIT_EXAMPLE,
    )
    sub = parser.add_subparsers(required=True, metavar="COMMAND")
    fit = _add(
        sub, "fit", "fit a case: MAP, then NUTS; verdict, table, report", "jaxcrc fit demo --seed 1 --out demo-run"
    )
    fit.add_argument("case", nargs="?", default="w28", help="shipped case, case file or folder (default: w28)")
    fit.add_argument("--seed", type=int, default=0)
    fit.add_argument("--method", choices=("nuts", "map"), default="nuts")
    fit.add_argument("--chains", type=int, help="default: the case's own, else 4")
    fit.add_argument("--warmup", type=int, help="default: the case's own, else 500")
    fit.add_argument("--draws", type=int, help="draws a chain; default: the case's own, else 1000")
    _out(fit, required=False)
    simulate = _add(
        sub,
        "simulate",
        "mock tables and a case that fits them",
        "jaxcrc simulate demo --set components.halo.medium.delta=0.4 --out mock",
    )
    simulate.add_argument("case")
    _set(simulate)
    simulate.add_argument("--seed", type=int, default=0)
    simulate.add_argument("--errors", type=float, help="relative error of each point (default: the tables' own)")
    _out(simulate, required=True)
    predict = _add(sub, "predict", "what a case's tables would read", "jaxcrc predict w28 --out prediction")
    predict.add_argument("case")
    _set(predict)
    _out(predict, required=False)
    cloud = _add(
        sub,
        "cloud",
        "a cosmic-ray cloud: half-life, escape, grammage, figures",
        "jaxcrc cloud --phase cnm --radius 2.7 --energy 10 100 1000 --growth-factor 0.5 --no-advection --out cnm",
    )
    cloud.add_argument("--phase", required=True, help="hism, wim, wnm, cnm, dim or dc")
    cloud.add_argument(
        "--radius", type=float, required=True, help="of the remnant [pc]; the cloud is 2R/3 long each way"
    )
    cloud.add_argument("--energy", type=float, nargs="+", required=True, help="total energies of the protons [GeV]")
    cloud.add_argument("--released-energy", type=float, default=1.0, help="in 1e50 erg (default: 1)")
    cloud.add_argument("--index", type=float, default=2.2, help="of the spectrum in total energy (default: 2.2)")
    cloud.add_argument("--kappa0", default="nava16", help="name of the ambient diffusion coefficient (default: nava16)")
    cloud.add_argument("--injection-scale", type=float, default=50.0, help="of the turbulence [pc] (default: 50)")
    cloud.add_argument("--growth-factor", type=float, default=1.0, help="g: 1, or 0.5 for P over B²/4π (default: 1)")
    cloud.add_argument("--damping", nargs="+", default=["ion-neutral", "nlld", "turbulent"], help="mechanisms")
    cloud.add_argument("--no-advection", action="store_true", help="leave out the drift with the waves")
    cloud.add_argument("--release", default="halflife", help="halflife or sudden (default: halflife)")
    cloud.add_argument("--length", type=float, default=100.0, help="of the grammage, to both sides [pc] (default: 100)")
    cloud.add_argument("--distance", type=float, nargs=2, default=[30.0, 100.0], help="of the spectra [pc]")
    cloud.add_argument("--extent", type=float, default=1000.0, help="end of the mesh, in half-lengths (default: 1000)")
    _out(cloud, required=True)
    _add(sub, "cases", "list the shipped cases", "jaxcrc cases")
    case = _add(sub, "case", "print a case to start from", "jaxcrc case --template > my-case.toml")
    case.add_argument("name", nargs="?", default="w28", help="shipped case to print (default: w28)")
    case.add_argument("--template", action="store_true", help="print the commented template instead")
    report = _add(sub, "report", "write the report of a saved run again", "jaxcrc report w28-run")
    report.add_argument("folder", type=Path)
    compare = _add(sub, "compare", "two saved runs side by side", "jaxcrc compare w28-run other-run")
    compare.add_argument("folders", type=Path, nargs=2, metavar="DIR")
    validate = _add(
        sub, "validate", "say what a table holds, or what is wrong with it", "jaxcrc validate w28/hess_j1800_240b"
    )
    validate.add_argument("table")
    scan = _add(
        sub,
        "scan",
        "log-density over a grid, and its map",
        "jaxcrc scan w28 --grid components.escaped.medium.log10_chi=-3:0.5:60 "
        "--grid components.escaped.medium.delta=-0.2:0.8:50 --out w28-scan",
    )
    scan.add_argument("case")
    scan.add_argument("--grid", action="append", required=True, metavar="PATH=lo:hi:n[:log]")
    scan.add_argument("--seed", type=int, default=0)
    _out(scan, required=True)
    return parser


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="a parameter's value; may be repeated"
    )


STARTED = time.perf_counter()

if __name__ == "__main__":
    sys.exit(main())
