"""The shipped tube, by hand: `python benchmarks/tube.py [--no-nuts]`.

Prints what a prediction and its gradient cost, how far the cloud's light lies from that of a much finer solver with
many more energies, at the truth and at the corners of a box around it, and what MAP and a short NUTS run find: mean,
width, 95 % interval and truth of each parameter, divergences and the time. Two chains give no R-hat.
"""

from __future__ import annotations

import itertools
import sys
import time
import tomllib

import jax

jax.config.update("jax_num_cpu_devices", 2)

import numpy as np  # noqa: E402 (after the devices are set)

import fitting  # noqa: E402
from fitting.cases.case import read  # noqa: E402
from fitting.cases.files import locate_case  # noqa: E402
from jaxcrc.transport.cloud import fluxtube  # noqa: E402
from jaxcrc.transport.cloud.tube import Resolution  # noqa: E402

FINE = {
    "RELEASE": Resolution(cells=300, steps=600),
    "PROFILES": Resolution(cells=300, steps=600, after=300, extent=5000.0),
}
STEPS = np.array([0.4, 0.15, 0.3])  # in log energy, index and log κ₀


def tube(energies: int | None = None):
    """The case, with as many energies as asked for."""
    path = locate_case("tube")
    spec = tomllib.loads(path.read_text(encoding="utf-8"))
    if energies is not None:
        spec["components"]["released"]["transport"]["energies"] = energies
    return read(spec, path.parent)


def light(problem, points):
    """What the table would read at some points [point, band]."""
    predict = jax.jit(lambda values: problem.posterior.predict(values).tables["giant"])
    return np.array([np.ravel(predict(dict(zip(problem.paths, x, strict=True)))) for x in points])


def accuracy() -> None:
    problem = tube()
    truth = problem.tables["giant"].truth
    middle = np.array([truth[path] for path in problem.paths])
    points = [middle, *(middle + STEPS * sign for sign in itertools.product((-1.0, 1.0), repeat=3))]
    found = light(problem, points)
    coarse = {name: getattr(fluxtube, name) for name in FINE}
    for name, value in FINE.items():
        setattr(fluxtube, name, value)
    jax.clear_caches()
    exact = light(tube(48), points)
    for name, value in coarse.items():
        setattr(fluxtube, name, value)
    jax.clear_caches()
    off = np.abs(found / exact - 1.0)
    print(
        f"light off by {off[0].max():.1e} at the truth, {np.sqrt(np.mean(off**2)):.1e} rms over a box around it, "
        f"{off.max():.1e} at worst"
    )


def cost() -> None:
    problem = tube()
    start = {path: jax.numpy.asarray(value) for path, value in problem.start().items()}
    for name, function in (
        ("value", lambda values: problem.posterior.log_density(values)),
        ("value and gradient", jax.value_and_grad(lambda values: problem.posterior.log_density(values))),
    ):
        begun = time.perf_counter()
        run = jax.jit(function).lower(start).compile()
        compiled, times = time.perf_counter() - begun, []
        for _ in range(5):
            begun = time.perf_counter()
            jax.block_until_ready(run(start))
            times.append(time.perf_counter() - begun)
        print(f"{name}: {1e3 * min(times):.0f} ms, after {compiled:.0f} s to compile")


def nuts() -> None:
    problem = fitting.load("tube")
    begun = time.perf_counter()
    run = fitting.fit(problem, seed=1, target_accept=0.9)
    spent = time.perf_counter() - begun
    truth = problem.tables["giant"].truth
    for path in problem.paths:
        draws = np.asarray(run.draws[path])
        low, high = np.quantile(draws, (0.025, 0.975))
        inside = "inside" if low <= truth[path] <= high else "OUTSIDE"
        best = f"MAP {run.best[path]:.3f} ± {run.best_errors[path]:.3f}"
        found = f"{draws.mean():.3f} ± {draws.std():.3f}, 95 % {low:.3f} to {high:.3f}"
        print(f"{path}: {best}; {found}, truth {truth[path]} {inside}")
    about = run.about
    print(
        f"{spent:.0f} s (MAP {about['seconds_map']:.0f}), divergences {about['divergences']} of {about['draws']}, "
        f"{about['steps_per_draw']:.1f} steps a draw"
    )


if __name__ == "__main__":
    cost()
    accuracy()
    if "--no-nuts" not in sys.argv:
        nuts()
