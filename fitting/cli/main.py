"""`jaxcrc ...`: reads the command line, and hands over to the file of the command.

Each file of this room that is a command says what it is (`TEXT`, `EXAMPLE`), which arguments it takes (`arguments`) and
what it does (`run`). What is slow to import is imported when a command runs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fitting.cli import case, cases, cloud, compare, fit, predict, report, scan, simulate, validate

COMMANDS = {
    "fit": fit,
    "simulate": simulate,
    "predict": predict,
    "scan": scan,
    "cloud": cloud,
    "cases": cases,
    "case": case,
    "validate": validate,
    "report": report,
    "compare": compare,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns 0, 2 for input that cannot be used (one sentence on stderr), 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        if options.computes:
            _prepare()
        return int(COMMANDS[options.command].run(options))
    except KeyboardInterrupt:
        print("stopped; what was already written is intact", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        if os.environ.get("JAXCRC_TRACEBACK"):
            raise
        print(f"jaxcrc: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = argparse.ArgumentParser(
        prog="jaxcrc",
        description="Cosmic rays around their sources, fitted to gamma-ray profiles and spectra.",
        epilog="example: jaxcrc fit w28 --out w28-run",
    )
    whole.add_argument("--version", action="version", version=f"jaxcrc {importlib.metadata.version('jaxcrc')}")
    sub = whole.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = sub.add_parser(
            name, help=command.TEXT, description=command.TEXT, epilog=f"example: jaxcrc {command.EXAMPLE}"
        )
        one.set_defaults(command=name, computes=command.COMPUTES)
        command.arguments(one)
    return whole


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


if __name__ == "__main__":
    sys.exit(main())
