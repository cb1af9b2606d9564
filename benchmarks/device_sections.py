"""The sections of `device.py`: what is computed, at which sizes. No script of its own."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import fitting
import jaxcrc
from benchmarks.stopwatch import ENOUGH, Row, Stage, compiled, on_cpu, repeated, summary, timed, work
from fitting.inference.nuts import Settings, run_chains
from fitting.inference.whitening import Whitening, whitening

ITERATIONS, DEPTH = 10, 5  # NUTS: warm-up steps, and as many draws, of at most 2**DEPTH - 1 leapfrog steps
PHASE, ENERGY, RADII = "wim", 100.0, (2.0, 20.0)  # clouds: phase, energy [GeV], radii [pc]
SCANNED = ("components.halo.medium.log10_chi", "components.halo.medium.delta")  # of the case `demo`
Values = Mapping[str, Array]


@dataclass(frozen=True)
class Sizes:
    """What is measured, first the sizes that matter most: the last ones go when time runs out."""

    cases: tuple[str, ...] = ("demo", "w28", "geminga-like")
    batches: tuple[int, ...] = (1, 1024, 4096, 64)
    side_by_side: int = 64  # a batch that a CPU takes by vmap too, for comparison
    chains: tuple[int, ...] = (4, 64, 512)
    points: tuple[int, ...] = (2048, 16384)
    clouds: tuple[int, ...] = (1, 256, 4096)
    predictions: int = 1024


QUICK = Sizes(cases=("demo",), batches=(8,), side_by_side=8, chains=(2,), points=(16,), clouds=(2,), predictions=8)
Section = Callable[[Stage, Sizes], None]


def each(function: Callable[[Values], Any], values: Values, side_by_side: bool) -> Any:
    """The function at every draw of a batch, or at a single point."""
    if next(iter(values.values())).ndim == 0:
        return function(values)
    return jax.vmap(function)(values) if side_by_side else jax.lax.map(function, values)


@cache
def problem(case: str) -> fitting.Problem:
    """A shipped case, loaded once."""
    return fitting.load(case)


def draws(case: str, size: int) -> Values:
    """Draws from a case's prior; one of them without an axis where the size is 1."""
    drawn = problem(case).sample_prior(jax.random.key(0), size)
    return {path: v[0] for path, v in drawn.items()} if size == 1 else drawn


def density(case: str, slope: bool, size: int, side_by_side: bool) -> Row:
    """Log-density of a case at draws from its prior, with its gradient or without."""
    leaves, structure = jax.tree.flatten(problem(case).posterior)
    leaves = [jnp.asarray(leaf) for leaf in leaves]  # taking a posterior apart at each call would be timed too

    def batch(leaves: list[Array], values: Values) -> Any:
        posterior = jax.tree.unflatten(structure, leaves)
        one = jax.value_and_grad(posterior.log_density) if slope else posterior.log_density
        return each(one, values, side_by_side)

    return timed(batch, leaves, draws(case, size), size=size, in_turn=size > 1 and not side_by_side)


def densities(stage: Stage, sizes: Sizes) -> None:
    """Cases, batches, value and gradient; on a CPU one batch by vmap too."""
    ways = [(size, not on_cpu(), "") for size in sizes.batches]
    ways[2:2] = [(sizes.side_by_side, True, " by vmap")] if on_cpu() else []
    for size, side_by_side, note in ways:
        for case in sizes.cases:
            for slope in (False, True):
                what = f"{case} {'value and gradient' if slope else 'value'}{note}"
                stage.add(what, size, lambda a=(case, slope, size, side_by_side): density(*a))


@cache
def whitened() -> Whitening:
    """Coordinates in which chains on `demo` move."""
    return whitening(problem("demo"), fitting.find_map(problem("demo")).optima)


def lap(count: int) -> tuple[float, float, np.ndarray]:
    """One run of so many chains: seconds of its warm-up, seconds of its draws, leapfrog steps [chain, draw]."""
    settings = Settings(chains=count, warmup=ITERATIONS, draws=ITERATIONS, chunk=ITERATIONS, max_tree_depth=DEPTH)
    coordinates, moments = whitened(), [time.perf_counter()]
    clock = lambda *_: moments.append(time.perf_counter())  # noqa: E731
    found = run_chains(problem("demo"), coordinates, jax.random.key(1), settings, clock)
    warm, drawn = np.diff(moments)
    return float(warm), float(drawn), found.stats["num_steps"]


def chains(count: int) -> Row:
    """Draws and leapfrog steps per second of so many chains: one run compiles, the next ones are timed."""
    first, _, steps = lap(count)
    laps = [lap(count)]
    while sum(run for _, run, _ in laps) < ENOUGH:
        laps.append(lap(count))
    warm, runs = float(np.median([warm for warm, _, _ in laps])), [run for _, run, _ in laps]
    row = {"compile_s": max(first - warm, 0.0), **summary(runs, steps.size)}
    used = float(steps.mean() / steps.max(axis=0).mean())  # of the steps that a batch makes, those that a chain needs
    steps_per_s = float(steps.sum()) / row["run_s"]
    return row | {"steps_per_s": steps_per_s, "steps_per_draw": float(steps.mean()), "steps_used": used}


def sampling(stage: Stage, sizes: Sizes) -> None:
    """Chains by number."""
    stage.tell("chains: looking for the maximum that they start from")
    whitened()
    for count in sizes.chains:
        stage.add("demo, NUTS", count, lambda count=count: chains(count))


def scanned(points: int) -> Row:
    """A grid of χ and δ around the case `demo`."""
    importlib.import_module("xarray")  # a scan imports it, which takes a second
    first, second = (int(2 ** np.ceil(np.log2(points) / 2)), int(2 ** np.floor(np.log2(points) / 2)))
    grid = dict(zip(SCANNED, (np.linspace(-2.0, -1.0, first), np.linspace(0.2, 0.6, second)), strict=True))
    held = {path: float(v) for path, v in problem("demo").start().items()}
    scan = lambda: fitting.scan(problem("demo"), grid, held)  # noqa: E731
    begun = time.perf_counter()
    scan()
    first_s = time.perf_counter() - begun
    (times,) = repeated(scan)
    row = summary(times, first * second)
    return {"compile_s": max(first_s - row["run_s"], 0.0), **row}


def scans(stage: Stage, sizes: Sizes) -> None:
    """Scans by number of points."""
    for points in sizes.points:
        stage.add("demo, scan", points, lambda points=points: scanned(points))


def cloud_times(size: int, slope: bool) -> Row:
    """Half-lives of clouds of different radii, with the slope by the radius or without."""

    def life(radius: Array) -> Array:
        return jaxcrc.half_life(PHASE, radius, ENERGY)

    function = jax.vmap(jax.value_and_grad(life)) if slope else life
    return timed(function, jnp.linspace(*RADII, size), size=size)


def clouds(stage: Stage, sizes: Sizes) -> None:
    """Clouds by number, value and gradient."""
    for size in sizes.clouds:
        for slope in (False, True):
            what = f"half-life {PHASE}{' and gradient' if slope else ''}"
            stage.add(what, size, lambda a=(size, slope): cloud_times(*a))


def single_precision(case: str, size: int) -> Row:
    """Predicted tables in float32: time, that in float64 over it, and how far they lie from those in float64.

    The first point is the case's own, the others are draws from its prior.
    """
    posterior, own = problem(case).posterior, problem(case).start()
    values = {path: v.at[0].set(own[path]) for path, v in problem(case).sample_prior(jax.random.key(0), size).items()}

    def tables(posterior: Any, values: Values) -> dict[str, Array]:
        return each(lambda v: jaxcrc.predict(posterior.bound(v), posterior.setup).tables, values, not on_cpu())

    inputs = [(posterior, values), jaxcrc.cast((posterior, values), jnp.float32)]
    (double, _), (single, row) = (compiled(tables, *given) for given in inputs)
    times = repeated(lambda: double(*inputs[0]), lambda: single(*inputs[1]))
    row |= summary(times[1], size) | {"float64_s": float(np.median(times[0]))}
    row |= work(single, row["run_s"], size if on_cpu() else 1)
    faster = float(np.median(np.divide(*times)))  # by pairs
    exact, near = (jax.tree.map(np.asarray, p(*given)) for p, given in zip((double, single), inputs, strict=True))
    return row | {"faster": faster} | differences(exact, near)


def differences(exact: dict[str, np.ndarray], near: dict[str, np.ndarray]) -> Row:
    """Largest deviation at the first point, relative to each bin; at all of them, relative to the peak of each table;
    and how many bins are finite in one precision only.
    """
    own, drawn, lost = 0.0, 0.0, 0
    for name, table in exact.items():
        off = np.abs(near[name] - table)
        peak = np.max(np.abs(table), axis=(-2, -1), keepdims=True)
        own = max(own, float(np.max(off[0] / np.abs(table[0]))))
        drawn = max(drawn, float(np.nanmax(off / np.maximum(peak, np.finfo(float).tiny))))
        lost += int(np.sum(np.isfinite(table) != np.isfinite(near[name])))
    return {"deviation": own, "deviation_draws": drawn, "lost": lost}


def precisions(stage: Stage, sizes: Sizes) -> None:
    """Predictions in float32, case by case."""
    for case in sizes.cases:
        stage.add(case, sizes.predictions, lambda case=case: single_precision(case, sizes.predictions))


# name: (what to do, what is counted, share of the seconds)
SECTIONS: dict[str, tuple[Section, str, float]] = {
    "scan": (scans, "points", 0.05),
    "chains": (sampling, "draws", 0.20),
    "clouds": (clouds, "clouds", 0.20),
    "float32": (precisions, "predictions", 0.15),
    "density": (densities, "evaluations", 0.40),  # last, for it has use for all the time that the others leave
}
