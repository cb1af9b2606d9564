"""A short NUTS run of the shipped tube, by hand: `python benchmarks/tube.py`; some ten minutes on two free cores.

Prints mean, width, 95 % interval and truth of each parameter, R-hat, divergences and the time.
"""

from __future__ import annotations

import time

import jax
import numpy as np

jax.config.update("jax_num_cpu_devices", 2)

import fitting  # noqa: E402 (after the devices are set)


def main() -> None:
    problem = fitting.load("tube")
    begun = time.perf_counter()
    run = fitting.fit(problem, seed=1, chains=2, warmup=100, draws=150, chunk=50)
    spent = time.perf_counter() - begun
    truth = problem.tables["giant"].truth
    for path in problem.paths:
        draws = np.asarray(run.draws[path])
        low, high = np.quantile(draws, (0.025, 0.975))
        inside = "inside" if low <= truth[path] <= high else "OUTSIDE"
        found = f"{draws.mean():.3f} ± {draws.std():.3f}, 95 % {low:.3f} to {high:.3f}"
        print(f"{path}: {found}, truth {truth[path]} {inside}")
    print(f"{spent:.0f} s, divergences {run.about.get('divergences')}, steps a draw {run.about.get('steps_per_draw')}")


if __name__ == "__main__":
    main()
