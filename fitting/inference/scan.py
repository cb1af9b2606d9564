"""Log-density over a grid of parameters, in compiled batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from fitting.inference.checks import check_data, check_seed, check_size
from fitting.inference.maximum import find_map
from fitting.problem.problem import Posterior, Problem
from fitting.runs.labels import label_of, labels
from fitting.words import number, whole
from jaxcrc.scene import describe

if TYPE_CHECKING:
    import xarray as xr

BATCH = 2048


@jax.jit
def _densities(posterior: Posterior, values: dict[str, Array]) -> tuple[Array, Array]:
    """ln L and ln prior of a batch of points: in turn on a CPU, side by side elsewhere."""

    def one(point: dict[str, Array]) -> tuple[Array, Array]:
        return posterior.log_likelihood(point), posterior.log_prior(point)

    return jax.lax.map(one, values) if jax.default_backend() == "cpu" else jax.vmap(one)(values)


def scan(
    problem: Problem,
    grid: Mapping[str, Any],
    held: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Log-density over the product of the given values; all other free parameters are held.

    Arguments: grid — {path: values}; held — {path: value}, the MAP by default; both as numbers in the parameters' units
    or with units of their own; progress — called with (done, in all).
    Returns: Dataset with `log_likelihood`, `log_prior`, `log_density` over one dimension a path; its attrs have the
    values that are held, and `conditional`, the same in words: regions of a scan are narrower than those of the
    posterior wherever a held parameter trades against one of the grid.
    Errors: ValueError as for `Problem.moves`, for values that are no rising list or that no matrix can follow, more
    points than the memory takes, or tables without data.
    """
    check_data(problem)
    check_seed(seed)
    axes = {path: _axis(path, np.atleast_1d(values)) for path, values in problem.moves(grid).items()}
    check_size({path: axis.size for path, axis in axes.items()})
    given = None if held is None else _held(problem, held, axes)
    ends = {path: (float(axis.min()), float(axis.max())) for path, axis in axes.items()}
    problem = problem.reaching({path: (value, value) for path, value in (given or {}).items()} | ends)
    where = "the MAP" if given is None else "given values"
    best = find_map(problem, seed).values if given is None else given
    best = {**{path: float(v) for path, v in problem.start().items()}, **best}
    mesh = np.meshgrid(*axes.values(), indexing="ij")
    points = dict(zip(axes, (m.ravel() for m in mesh), strict=True))
    size = mesh[0].size
    likelihood, prior = np.empty(size), np.empty(size)
    for start in range(0, size, BATCH):
        index = np.minimum(np.arange(start, start + min(BATCH, size)), size - 1)
        batch = {path: jnp.full(index.size, value) for path, value in best.items()}
        batch |= {path: jnp.asarray(values[index]) for path, values in points.items()}
        stop = min(start + BATCH, size)
        likelihood[start:stop], prior[start:stop] = (
            np.asarray(a)[: stop - start] for a in _densities(problem.posterior, batch)
        )
        if progress is not None:
            progress(stop, size)
    if not np.any(np.isfinite(likelihood)):
        raise ValueError("the log-likelihood is no number at any point of the grid: see what `predict` says there")
    found = _dataset(problem, axes, best, likelihood.reshape(mesh[0].shape), prior.reshape(mesh[0].shape))
    return found.assign_attrs(conditional=_conditional(problem, axes, best, where))


def _held(problem: Problem, held: Mapping[str, Any], axes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """What is held, checked; an axis goes before."""
    values = {path: value for path, value in problem.moves(held).items() if path not in axes}
    if uneven := [path for path, value in values.items() if value.ndim]:
        raise ValueError(f"{uneven[0]} is held at several values: give one, or make it an axis of the grid")
    return {path: float(value) for path, value in values.items()}


def _conditional(problem: Problem, axes: Mapping[str, Any], best: Mapping[str, float], where: str) -> str:
    """What the density is conditional on: it is no marginal posterior."""
    names = labels(problem)
    held = [f"{names[path]} = {number(best[path])}" for path in problem.paths if path not in axes]
    if not held:
        return "No other parameter is free."
    return f"Conditional: others held at {where}, {'; '.join(held)}."


def _axis(path: str, axis: np.ndarray) -> np.ndarray:
    if axis.ndim != 1 or not axis.size:
        raise ValueError(f"the values of {path} must be a list")
    if np.any(np.diff(axis) <= 0.0):
        raise ValueError(f"the values of {path} do not rise from {axis[0]:g} to {axis[-1]:g}: give the lowest first")
    return axis


def _dataset(
    problem: Problem,
    axes: Mapping[str, np.ndarray],
    best: Mapping[str, float],
    likelihood: np.ndarray,
    prior: np.ndarray,
) -> xr.Dataset:
    import xarray as xr  # takes a second to import, and only scans need it

    dims = tuple(axes)
    coords = {path: (path, axis, _about(problem, path)) for path, axis in axes.items()}
    density = np.where(prior == -np.inf, -np.inf, likelihood + prior)
    layers = {"log_likelihood": likelihood, "log_prior": prior, "log_density": density}
    attrs = {"title": problem.title, "simulated": int(problem.simulated), **{f"held:{p}": v for p, v in best.items()}}
    return xr.Dataset({name: (dims, layer) for name, layer in layers.items()}, coords, attrs)


def _about(problem: Problem, path: str) -> dict[str, str]:
    return {"unit": str(describe(problem.scene, path)["unit"]), "label": label_of(problem, path)}


def parse_axis(text: str) -> tuple[str, np.ndarray]:
    """PATH=lo:hi:n[:log] to a path and its values. Errors: ValueError that shows the form."""
    path, _, rest = text.partition("=")
    low, high, count, *spacing = [*rest.split(":"), "", "", ""][: max(3, rest.count(":") + 1)]
    try:
        if spacing not in ([], ["log"]) or int(count) < 1:
            raise ValueError
        first, last, size = float(low), float(high), int(count)
    except ValueError:
        raise ValueError(f"cannot read the grid '{text}': write PATH=lo:hi:n or PATH=lo:hi:n:log") from None
    check_size({path: size})
    if not (math.isfinite(first) and math.isfinite(last)) or (spacing and not first > 0.0):
        raise ValueError(
            f"the grid '{text}' needs finite ends" + ", above 0 where they are spaced by log" * bool(spacing)
        )
    return path, (np.geomspace if spacing else np.linspace)(first, last, size)


def save_scan(dataset: xr.Dataset, path: Path) -> None:
    """Write a scan as netCDF, whole or not at all."""
    content = dataset.to_netcdf(None, engine="h5netcdf")  # in memory: a full disk must not meet the library
    with whole(path) as part:
        part.write_bytes(content)
