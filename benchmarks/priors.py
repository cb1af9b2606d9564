"""Value, gradient and validity of shipped cases over draws from their priors.

    python benchmarks/priors.py [--draws 100000] [case ...]

Prints for each case how many draws have a finite log-density and a finite slope in every parameter, the share of draws
with each status flag, and the time. All shipped cases by default.
"""

from __future__ import annotations

import argparse
import time

import jax
import numpy as np

import fitting
from fitting.cases.files import shipped_cases
from jaxcrc.transport.base import Status

BATCH = 2000


def count(name: str, draws: int) -> str:
    """One line of figures for a case."""
    problem = fitting.load(name)
    posterior = problem.posterior

    def look(values):
        value, slopes = jax.value_and_grad(posterior.log_density)(values)
        finite = jax.numpy.stack([jax.numpy.isfinite(slope) for slope in slopes.values()])
        return jax.numpy.isfinite(value), finite.all(), posterior.predict(values).status

    run = jax.jit(lambda batch: jax.lax.map(look, batch))
    start, found = time.perf_counter(), []
    for index in range(-(-draws // BATCH)):
        found.append(run(problem.sample_prior(jax.random.key(index), min(BATCH, draws - index * BATCH))))
    values, slopes, status = (np.concatenate(column) for column in zip(*found, strict=True))
    flags = {bit.name: np.mean(status & bit > 0) for bit in Status if bit}
    shares = ", ".join(f"{flag} {share:.3%}" for flag, share in flags.items() if share > 0.0) or "no flag"
    seconds = time.perf_counter() - start
    return f"{name}: {values.sum()} values and {slopes.sum()} slopes of {draws} finite; {shares}; {seconds:.0f} s"


def main() -> None:
    """Print the figures of all cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("cases", nargs="*")
    asked = parser.parse_args()
    for name in asked.cases or [name for name in shipped_cases() if name != "template" and not name.endswith("layout")]:
        print(count(name, asked.draws), flush=True)


if __name__ == "__main__":
    main()
