"""`jaxcrc ...`: reads the command line, and hands over to the file of the command.

Each file of this room that is a command says what it is (`TEXT`, `EXAMPLE`), which arguments it takes (`arguments`) and
what it does (`run`). What is slow to import is imported when a command runs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fitting.cli import case, cases, cloud, compare, fit, predict, report, scan, simulate, validate
from fitting.cli.arguments import Parser
from fitting.words import Caution, sentence

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
STOPPED = "stopped; what was already written is intact"


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns 0, 2 for input that cannot be used (one sentence on stderr), 130 after Ctrl-C, and 1 for a
    mistake of the program itself; JAXCRC_TRACEBACK=1 shows where an error came from."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows a question mark
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _say
            options = parser().parse_args(arguments)
            if options.computes:
                with _patient():
                    _prepare()
            return int(COMMANDS[options.command].run(options))
    except BaseException as error:
        if isinstance(error, SystemExit) or os.environ.get("JAXCRC_TRACEBACK"):
            raise
        code, words = _told(error)
        print(words, file=sys.stderr) if words else _close(sys.stdout)
        return code


def _told(error: BaseException) -> tuple[int, str]:
    """Exit code and words of an error."""
    if isinstance(error, KeyboardInterrupt):
        return 130, STOPPED
    if isinstance(error, BrokenPipeError):  # who reads has read enough
        return 0, ""
    if isinstance(error, MemoryError):
        return 2, "jaxcrc: the memory is not enough: ask for fewer points, energies or draws"
    if isinstance(error, OSError) and error.strerror and error.filename:
        return 2, sentence(f"jaxcrc: {error.filename}: {error.strerror}")
    if isinstance(error, ValueError | OSError):
        return 2, sentence(f"jaxcrc: {error}")
    what = f"{type(error).__name__}: {error}"
    return 1, sentence(f"jaxcrc: a mistake of the program ({what}): JAXCRC_TRACEBACK=1 shows where")


@contextmanager
def _patient() -> Iterator[None]:
    """Within it Ctrl-C waits for the end: a library that is being imported loses it, or makes another error of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def _close(stream: Any) -> None:
    """Nothing more goes to a reader that is gone, not even when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """A warning as a sentence; those that libraries make are for programmers."""
    if issubclass(category, Caution):
        print(sentence(f"jaxcrc: {message}"), file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = Parser(
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
    """Before JAX starts: a virtual device for each chain's share of the cores, and a cache of compiled programs.

    Errors: ValueError where the device that was asked for is not there.
    """
    import jax

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jax.config.update("jax_num_cpu_devices", max(n for n in (1, 2, 4) if n <= max(cores, 1)))
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ and (base := _cache()):
        jax.config.update("jax_compilation_cache_dir", str(base / "jaxcrc"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    try:
        jax.local_devices()
    except (RuntimeError, AssertionError):  # by the way in which the platform is missing
        asked = os.environ.get("JAX_PLATFORMS", "")
        remedy = "unset JAX_PLATFORMS, or install jaxcrc[cuda12] where there is a GPU"
        raise ValueError(f"JAX finds no device for JAX_PLATFORMS={asked!r}: {remedy}") from None
    importlib.import_module("fitting.cases.case")  # with all that computes, which takes most of the time


def _cache() -> Path | None:
    """Where compiled programs are kept; nowhere where there is no home, or it takes no files."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        (base / "jaxcrc").mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return base if os.access(base / "jaxcrc", os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main())
