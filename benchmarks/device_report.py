"""What `device.py` writes and shows: the machine's name and versions, the file, the tables. No script of its own."""

from __future__ import annotations

import json
import math
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax
from rich.console import Console
from rich.table import Table

from benchmarks.stopwatch import Row, device_memory, on_cpu

PACKAGES = ("jax", "jaxlib", "jaxcrc", "numpy", "numpyro")
COLUMNS = {  # what a row holds: the head of its column, and the factor to its unit
    "compile_s": ("compile, s", 1.0),
    "run_s": ("run, ms", 1e3),
    "best_s": ("best, ms", 1e3),
    "per_s": ("per second", 1.0),
    "gflop_per_s": ("GFLOP/s", 1.0),
    "gbyte_per_s": ("GB/s", 1.0),
    "flop_per_byte": ("flop/byte", 1.0),
    "scratch_bytes": ("scratch, MB", 1e-6),
    "steps_per_s": ("steps/s", 1.0),
    "steps_used": ("steps used", 1.0),
    "faster": ("f64/f32", 1.0),
    "deviation": ("off", 1.0),
    "deviation_draws": ("off/peak", 1.0),
    "lost": ("lost", 1.0),
}


def machine() -> dict[str, Any]:
    """The device that JAX sees, under a name fit for a file."""
    device, count = jax.local_devices()[0], jax.local_device_count()
    if on_cpu():
        name = f"cpu-{platform.machine()}-{cores()}-cores"
    else:
        name = device.device_kind + (f" x{count}" if count > 1 else "")
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    about = {"name": slug, "platform": device.platform, "kind": device.device_kind, "count": count}
    memory = device_memory() if math.isfinite(device_memory()) else None
    return about | {"memory_bytes": memory, "cores": cores(), "processor": processor()}


def load() -> list[float] | None:
    """Processes that wanted a core, on average over the last 1, 5 and 15 minutes: above `cores`, times are too long."""
    return [round(part, 2) for part in os.getloadavg()] if hasattr(os, "getloadavg") else None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        return re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of what makes the numbers."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def save(result: dict[str, Any], path: Path) -> None:
    """Write a result, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(finite(result), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(part, path)


def finite(tree: Any) -> Any:
    """The same with null for numbers that JSON cannot hold."""
    if isinstance(tree, dict):
        return {key: finite(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def show(result: dict[str, Any], console: Console) -> None:
    """Print a result, a table a section, the CPU of the machine beside it where there is one."""
    device, other = result["device"], result.get("cpu", {}).get("sections")
    about = f"{device['count']} x {device['kind']}, {device['cores']} cores of {device['processor']}"
    console.print(f"{device['name']}: {about}, {result['float']}, load {result['load']}", markup=False)
    if "note" in result.get("cpu", {}):
        console.print(f"Nothing of the CPU beside it: {result['cpu']['note']}", markup=False)
    for name, section in result["sections"].items():
        console.print(_table(name, section, other[name]["rows"] if other else []))
        if section["status"] != "done":
            console.print(f"{name} {section['status']}: {section['note']}", markup=False)


def _table(name: str, section: Row, other: list[Row]) -> Table:
    """One section; columns that would be empty are left out."""
    spent = f"{section['seconds']:.0f} s, peak memory so far {1e-9 * section['peak_memory_bytes']:.2f} GB"
    table = Table("what", title=f"{name} ({section['unit']}): {spent}", title_justify="left")
    rows = sorted(section["rows"], key=lambda row: (row["what"], row["size"]))
    kept = [key for key in COLUMNS if any(row.get(key) is not None for row in rows)]
    noted = any("note" in row for row in rows)
    for head in ["number", *(COLUMNS[key][0] for key in kept), *["CPU per s", "times CPU"] * bool(other)]:
        table.add_column(head, justify="right")
    for head in ["note"] * noted:
        table.add_column(head)
    for row in rows:
        figures = [_number(row, key) for key in kept]
        table.add_row(
            row["what"], str(row["size"]), *figures, *(_beside(row, other) if other else ()), *[_note(row)] * noted
        )
    return table


def _number(row: Row, key: str) -> str:
    if row.get(key) is None:
        return "–"
    value = COLUMNS[key][1] * row[key]
    digits = f"{value:.0f}" if value >= 1000.0 or value == 0.0 else f"{value:.3g}"
    return ("≥ " if row.get("lower_bound") and key in ("gflop_per_s", "gbyte_per_s") else "") + digits


def _beside(row: Row, other: list[Row]) -> list[str]:
    """What the CPU does of the same (of the nearest number, if not of this one), and how many times that this is."""
    alike = [r for r in other if r["what"] == row["what"] and "per_s" in r]
    same = min(alike, key=lambda r: abs(math.log(r["size"] / row["size"])), default={})
    both = "per_s" in row and "per_s" in same
    return [_number(same, "per_s"), f"{row['per_s'] / same['per_s']:.3g}" if both else "–"]


def _note(row: Row) -> str:
    return f"{row['status']}: {row['note']}" if "note" in row else ""
