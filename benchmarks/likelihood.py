"""Log-density and gradient of 20 annuli × 4 bands and of the shipped cases: build, compile and run times apart.

Run by hand on one core: `taskset -c 0 python benchmarks/likelihood.py`. Value and gradient are timed inside a compiled
loop, as a sampler evaluates them; `a call` is the gradient called from Python, hand-over of its arguments included.
Absolute times are of the machine at hand; the last column is the ratio of gradient to value in the same run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fitting
from tests.fitting.halos import mock_halo

LOOP = 500


def best_of(call: Callable[[], Any], inner: int, repeats: int = 7) -> float:
    """Least mean time of a call [ms]."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        for _ in range(inner):
            result = call()
        jax.block_until_ready(result)
        times.append((time.perf_counter() - begun) / inner)
    return 1e3 * min(times)


def measure(name: str, build: Callable[[], fitting.Problem]) -> None:
    """One row of the table."""
    begun = time.perf_counter()
    problem = build()
    built = time.perf_counter() - begun
    posterior, start = problem.posterior, problem.start()
    both = jax.value_and_grad(lambda v, p: p.log_density(v))
    slope = jax.jit(both)
    begun = time.perf_counter()
    jax.block_until_ready(slope(start, posterior))
    compiled = time.perf_counter() - begun
    call = best_of(lambda: slope(start, posterior), 200)
    plain = best_of(_loop(lambda v, p: (p.log_density(v), v), start, posterior), 1) / LOOP
    steep = best_of(_loop(both, start, posterior), 1) / LOOP
    row = f"{built:9.2f} {compiled:11.2f} {plain:10.3f} {steep:13.3f} {call:11.3f} {steep / plain:8.2f}"
    print(f"{name:12s} {row}")


def _loop(function: Callable[..., Any], start: Any, posterior: Any) -> Callable[[], Any]:
    """Many evaluations in one compiled loop, each at a point that the one before has moved."""

    def step(values: Any, _: None) -> tuple[Any, Any]:
        level, slopes = function(values, posterior)
        moved = {path: value + 1e-9 * slopes[path] / (1.0 + abs(slopes[path])) for path, value in values.items()}
        return moved, level

    run = jax.jit(lambda values: jax.lax.scan(step, values, None, length=LOOP)[1])
    jax.block_until_ready(run(start))
    return lambda: run(start)


def main() -> None:
    """Print the table."""
    columns = f"{'build [s]':>9s} {'compile [s]':>11s} {'value [ms]':>10s} {'gradient [ms]':>13s} {'a call [ms]':>11s}"
    print(f"{'case':12s} {columns} {'ratio':>8s}")
    for kind in ("burst", "continuous", "ball"):
        measure(kind, lambda kind=kind: mock_halo(kind, 1))
    for case in ("w28", "demo"):
        measure(case, lambda case=case: fitting.load(case))


if __name__ == "__main__":
    main()
