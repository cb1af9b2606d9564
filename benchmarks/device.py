# ruff: noqa: E402
"""Whatever device JAX sees, in five minutes: log-density, chains, scan, clouds and single precision, beside its CPU.

    python benchmarks/device.py [--seconds 300] [--quick] [--out FOLDER] [--overwrite]

Measures the log-density of shipped cases and its gradient, one by one and in batches; vectorised NUTS chains; a scan;
half-lives of clouds and their gradient; predicted tables in float32 against float64. Compile and run times apart,
flops and bytes as the compiler counts them, peak memory. Where the device is no CPU, a second process measures the same
on the CPU of the machine in a third of the time. Batches go as the package sends them: in turn on a CPU, side by side
(vmap) elsewhere. A section whose time is up skips what is left of it. Prints tables and writes
`benchmarks/results/<device>.json`, whole or not at all; `--quick` does all at tiny sizes, for a test of the script.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import jax
import jax.numpy as jnp
from rich.console import Console

from benchmarks.device_report import cores, load, machine, save, show, versions
from benchmarks.device_sections import QUICK, SECTIONS, Sizes
from benchmarks.stopwatch import Stage, attempt, on_cpu, peak_memory

RESULTS = ROOT / "benchmarks" / "results"
CPU_SHARE = 1.0 / 3.0  # of the seconds, for the CPU beside another device

console = Console(width=None if sys.stdout.isatty() else 160)


def run_section(name: str, sizes: Sizes, stop: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """One section: its rows, and why it broke off if it did."""
    section, unit, _ = SECTIONS[name]
    entered, stage = time.perf_counter(), Stage(name, unit, stop, tell)
    ended = attempt(lambda: section(stage, sizes) or {})
    spent = {"seconds": time.perf_counter() - entered, "peak_memory_bytes": peak_memory()}
    return {**ended, "unit": unit, **spent, "rows": stage.rows}


def measure(sizes: Sizes, seconds: float) -> dict[str, Any]:
    """All sections on the device that JAX sees. What one leaves or takes too much is shared by those that follow."""
    begun, ahead, sections = time.perf_counter(), sum(part for *_, part in SECTIONS.values()), {}

    def tell(text: str) -> None:
        console.print(f"[{time.perf_counter() - begun:4.0f} s] {text}", markup=False, highlight=False)

    for name, (_, _, part) in SECTIONS.items():
        now = time.perf_counter()
        sections[name] = run_section(name, sizes, now + (begun + seconds - now) * min(part / ahead, 1.0), tell)
        ahead -= part
    return {"device": machine(), "float": str(jnp.ones(()).dtype), "load": load(), "sections": sections}


def beside(seconds: float, quick: bool) -> dict[str, Any]:
    """The same on the CPU of this machine, by a process that sees no other device."""
    console.print("The same on the CPU of this machine:")
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "cpu.json"
        command = [sys.executable, __file__, "--seconds", str(seconds), "--part", str(part), *["--quick"] * quick]
        subprocess.run(command, env={**os.environ, "JAX_PLATFORMS": "cpu"}, check=True)
        found = json.loads(part.read_text(encoding="utf-8"))
        return {key: value for key, value in found.items() if key != "command"}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="budget; the section at hand may run over")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that all runs")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--overwrite", action="store_true", help="replace an older result of this device")
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def both(seconds: float, quick: bool, alone: bool) -> dict[str, Any]:
    """The device, then the CPU of its machine unless there is no other or it is to be left out."""
    begun, sizes = time.perf_counter(), QUICK if quick else Sizes()
    alone = alone or on_cpu()
    found = measure(sizes, seconds if alone else seconds * (1.0 - CPU_SHARE))
    if not alone:
        left = max(seconds - (time.perf_counter() - begun), 1.0)
        found["cpu"] = attempt(lambda: beside(left, quick))
    return {**found, "seconds": time.perf_counter() - begun}


def main() -> int:
    """Measure, show, save."""
    told = arguments()
    jax.config.update("jax_num_cpu_devices", max(n for n in (1, 2, 4) if n <= cores()))  # as the command line has it
    path = told.part or told.out / f"{machine()['name']}{'-quick' if told.quick else ''}.json"
    if path.exists() and not told.overwrite:
        print(f"{path} exists: say --overwrite to replace it.", file=sys.stderr)
        return 2
    command = shlex.join(["python", "benchmarks/device.py", *sys.argv[1:]])
    about = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "command": command, "versions": versions()}
    result = about | both(told.seconds, told.quick, alone=told.part is not None)
    save(result, path)
    if told.part is None:
        show(result, console)
        console.print(f"Written: {path}", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
