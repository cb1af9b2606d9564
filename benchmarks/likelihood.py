"""Log-density and gradient of 20 annuli × 4 bands and of the shipped cases: build, compile and run times apart.

Run by hand on one core: `taskset -c 0 python benchmarks/likelihood.py`. Absolute times are of the machine at hand;
the last column is the ratio of the gradient to the value in the same run.
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


def best_of(call: Callable[[], Any], repeats: int = 7, inner: int = 200) -> float:
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
    value = jax.jit(lambda p, v: p.log_density(v))
    slope = jax.jit(jax.value_and_grad(lambda v, p: p.log_density(v)))
    begun = time.perf_counter()
    jax.block_until_ready(slope(start, posterior))
    compiled = time.perf_counter() - begun
    jax.block_until_ready(value(posterior, start))
    plain, both = best_of(lambda: value(posterior, start)), best_of(lambda: slope(start, posterior))
    print(f"{name:12s} {built:9.2f} {compiled:11.2f} {plain:10.3f} {both:13.3f} {both / plain:8.2f}")


def main() -> None:
    """Print the table."""
    print(
        f"{'case':12s} {'build [s]':>9s} {'compile [s]':>11s} {'value [ms]':>10s} {'gradient [ms]':>13s} {'ratio':>8s}"
    )
    for kind in ("burst", "continuous", "ball"):
        measure(kind, lambda kind=kind: mock_halo(kind, 1))
    for case in ("w28", "demo"):
        measure(case, lambda case=case: fitting.load(case))


if __name__ == "__main__":
    main()
