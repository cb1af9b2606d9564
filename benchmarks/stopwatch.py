"""What `device.py` measures with: compile and run times apart, counted work, memory, and a budget of seconds.

No script of its own. Times are medians of repetitions after one run to warm up, each waited for to its end.
"""

from __future__ import annotations

import math
import os
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

Row = dict[str, Any]

LEAST, MOST = 3, 200  # repetitions
ENOUGH, TOO_LONG = 0.5, 4.0  # seconds of repetitions after which to stop: once there are LEAST of them, and anyhow
MEMORY_SHARE = 0.6  # of the free memory of a CPU that a program may ask for


def on_cpu() -> bool:
    """Whether JAX computes on the CPU."""
    return jax.default_backend() == "cpu"


def repeated(*calls: Callable[[], Any]) -> list[list[float]]:
    """Wall times [s] of each of some calls, taken by turns after one to warm up, so that a disturbance meets all."""
    for call in calls:
        jax.block_until_ready(call())
    times: list[list[float]] = [[] for _ in calls]
    while len(times[0]) < MOST and _goes_on(len(times[0]), sum(map(sum, times)) / len(calls)):
        for call, taken in zip(calls, times, strict=True):
            begun = time.perf_counter()
            jax.block_until_ready(call())
            taken.append(time.perf_counter() - begun)
    return times


def _goes_on(count: int, seconds: float) -> bool:
    return seconds < TOO_LONG and (count < LEAST or seconds < ENOUGH)


def summary(times: list[float], size: int) -> Row:
    """Median and least of some wall times [s], and evaluations per second by the median."""
    run = statistics.median(times)
    return {"run_s": run, "best_s": min(times), "repeats": len(times), "per_s": size / run}


def timed(function: Callable[..., Any], *arguments: Any, size: int, in_turn: bool = False) -> Row:
    """A function compiled, then run on its arguments: seconds to compile and to run, evaluations per second, work.

    Arguments: size — evaluations in one run; in_turn — they are a loop, of which the compiler counts one pass.
    Errors: MemoryError where a CPU would run out of memory.
    """
    program, row = compiled(function, *arguments)
    (times,) = repeated(lambda: program(*arguments))
    row |= summary(times, size)
    return row | work(program, row["run_s"], size if in_turn else 1)


def compiled(function: Callable[..., Any], *arguments: Any) -> tuple[Callable[..., Any], Row]:
    """The program for such arguments, the seconds to compile it and the memory it needs. Errors: as `timed`."""
    begun = time.perf_counter()
    program = jax.jit(function).lower(*arguments).compile()
    row: Row = {"compile_s": time.perf_counter() - begun, **scratch(program)}
    refuse_too_large(row.get("scratch_bytes", 0))
    return program, row


def scratch(program: Any) -> Row:
    """Bytes that a compiled program needs beside its input and output, where the backend tells."""
    try:
        return {"scratch_bytes": int(program.memory_analysis().temp_size_in_bytes)}
    except Exception:  # each backend has errors of its own for what it does not know
        return {}


def work(program: Any, run: float, passes: int) -> Row:
    """Flops and bytes of a compiled program as its compiler counts them, and what that makes per second.

    A loop inside an evaluation is counted once whatever its length: `lower_bound` says that there is one.
    """
    try:
        counted = program.cost_analysis()
        counted = counted[0] if isinstance(counted, list) else counted
        loops = len(re.findall(r" while\(", program.as_text()))
        passes = passes if loops else 1  # a short loop may have been unrolled
        flops, size = passes * float(counted["flops"]), passes * float(counted["bytes accessed"])
    except Exception:  # as above
        return {}
    if not (flops > 0.0 and size > 0.0):
        return {}
    rates = {"gflop_per_s": 1e-9 * flops / run, "gbyte_per_s": 1e-9 * size / run, "flop_per_byte": flops / size}
    return {"flops": flops, "bytes": size, **rates, "lower_bound": loops > int(passes > 1)}


def refuse_too_large(needed: int) -> None:
    """MemoryError before a CPU's system ends the process: it asks nobody."""
    free = free_memory()
    if on_cpu() and needed > MEMORY_SHARE * free:
        raise MemoryError(f"needs {1e-9 * needed:.0f} GB of scratch memory where {1e-9 * free:.0f} GB are free")


def free_memory() -> int:
    """Bytes of main memory that a process could still have."""
    try:
        return 1024 * int(re.findall(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())[0])
    except (OSError, IndexError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def device_memory() -> float:
    """Bytes that JAX may use on the device; infinite where it does not tell."""
    return float((jax.local_devices()[0].memory_stats() or {}).get("bytes_limit", math.inf))


def peak_memory() -> int:
    """Most bytes in use so far: on the device where it keeps count, else of this process in main memory."""
    known = jax.local_devices()[0].memory_stats() or {}
    unit = 1 if sys.platform == "darwin" else 1024
    return int(known.get("peak_bytes_in_use") or unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


@dataclass
class Stage:
    """One section: its rows, and the moment [s, `time.perf_counter`] after which it begins no other."""

    name: str
    unit: str
    stop: float
    tell: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, size: int, measure: Callable[[], Row]) -> None:
        """One row, as `measure` gives it; skipped where it has no room, failed where `measure` raises."""
        hindrance = self._hindrance(what, size)
        row = {"what": what, "size": size}
        row |= {"status": "skipped", "note": hindrance} if hindrance else attempt(measure)
        self.rows.append(row)
        self.tell(f"{self.name}: {what}, {size}: {outcome(row, self.unit)}")

    def _hindrance(self, what: str, size: int) -> str:
        """Why a row is not begun: by the clock, or by what another size of the same has taken; empty if nothing."""
        left = self.stop - time.perf_counter()
        if left <= 0.0:
            return "no time left"
        for row in (r for r in self.rows[::-1] if r["what"] == what and r["status"] == "done"):
            seconds = 2.0 * row["run_s"] * (size / row["size"] if on_cpu() else 1.0)  # one run to warm up, and one
            needed = 0.0 if on_cpu() else row.get("scratch_bytes", 0) * size / row["size"]  # a CPU goes in turn
            if seconds > left:
                return f"would take about {seconds:.0f} s"
            return f"would need about {1e-9 * needed:.0f} GB" if needed > device_memory() else ""
        return ""


def outcome(row: Row, unit: str) -> str:
    """A row in a few words."""
    if row["status"] != "done":
        return f"{row['status']}: {row['note']}"
    return f"{row['per_s']:.4g} {unit}/s, compiled in {row['compile_s']:.1f} s"


def attempt(measure: Callable[[], Row]) -> Row:
    """What `measure` gives, or why it gave nothing."""
    try:
        return {"status": "done", **measure()}
    except Exception as error:  # out of memory comes in many classes, and no failure may cost the other rows
        first = (str(error).strip() or "no message").splitlines()[0]
        return {"status": "failed", "note": f"{type(error).__name__}: {first[:300]}"}
