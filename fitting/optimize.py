"""The most probable parameters (MAP) by L-BFGS, and the errors of a Gaussian around them (Laplace)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float

from fitting.priors import bounds
from fitting.problem import Posterior, Problem

STEPS = 300
STARTS = 6
TOLERANCE = 1e-6
# Starts keep off the ends of bounded priors, where a mapped coordinate has no slope left; an optimum beyond EDGE lies
# on a bound.
LARGEST_START = 3.0
EDGE = 8.0
ON_BOUND = 1e-3  # of the prior's width: what is nearer to a bound lies on it
LONGEST = 3.0  # of a single step, in the unbounded space
PRIOR_DRAWS = 4000


@dataclass(frozen=True)
class Map:
    """The best point: values, its vector in the unbounded space, log density, and Gaussian errors.

    `errors` and `covariance` [parameter, parameter] are in the parameters' own units, NaN where the density has no
    maximum inside the prior (a parameter at its bound, or one that nothing constrains).
    """

    values: dict[str, float]
    vector: np.ndarray
    log_density: float
    covariance: np.ndarray
    errors: dict[str, float]
    converged: bool


@jax.jit
def _slopes(posterior: Posterior, vectors: Float[Array, "start parameter"], jacobian: Array) -> tuple[Array, Array]:
    """−ln p and its gradient at some points. The one program that search, mode and curvature share: it is the large
    one to compile, so the steps between its calls are taken outside."""
    return jax.lax.map(jax.value_and_grad(lambda v: posterior.potential(v, jacobian)), vectors)


def potential_slopes(posterior: Posterior, points: np.ndarray, jacobian: float) -> tuple[np.ndarray, np.ndarray]:
    """−ln p [point] and its gradient [point, parameter] at any number of points, by the one program."""
    rows = np.concatenate([points, np.tile(points[:1], (-len(points) % STARTS, 1))]).reshape(
        -1, STARTS, points.shape[1]
    )
    pairs = [_slopes(posterior, jnp.asarray(row), jnp.asarray(jacobian)) for row in rows]
    values, slopes = (np.concatenate([np.asarray(pair[k]) for pair in pairs])[: len(points)] for k in (0, 1))
    return values, slopes


_LBFGS = optax.scale_by_lbfgs(memory_size=12)


@jax.jit
def _directions(gradients: Array, state: Any, points: Array) -> tuple[Array, Any]:
    """Descent directions of L-BFGS, start by start; steepest descent where the memory points uphill."""
    steps, state = jax.vmap(_LBFGS.update)(gradients, state, points)
    uphill = jnp.sum(steps * gradients, axis=1) <= 0.0
    return -jnp.where(uphill[:, None], gradients, steps), state


def minimise(posterior: Posterior, starts: np.ndarray, jacobian: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """L-BFGS with backtracking, all starts abreast: points, values, norms of the gradient."""
    points, volume = np.array(starts), jnp.asarray(jacobian)
    values, gradients = (np.array(a) for a in _slopes(posterior, jnp.asarray(points), volume))
    directions, state = _directions(
        jnp.asarray(gradients), jax.vmap(_LBFGS.init)(jnp.asarray(points)), jnp.asarray(points)
    )
    directions = np.asarray(directions) / np.maximum(np.linalg.norm(gradients, axis=1), 1.0)[:, None]
    reach = np.ones(len(points))
    for _ in range(STEPS):
        trial = points + reach[:, None] * np.clip(directions, -LONGEST, LONGEST)
        new, slopes = (np.asarray(a) for a in _slopes(posterior, jnp.asarray(trial), volume))
        bound = values + 1e-4 * np.sum((trial - points) * gradients, axis=1)
        better = np.isfinite(new) & np.all(np.isfinite(slopes), axis=1) & ((new <= bound) | ~np.isfinite(values))
        points, gradients = np.where(better[:, None], trial, points), np.where(better[:, None], slopes, gradients)
        values, reach = np.where(better, new, values), np.where(better, 1.0, 0.3 * reach)
        if np.all((np.linalg.norm(gradients, axis=1) < TOLERANCE) | (reach < 1e-10)):
            break
        if np.any(better):
            fresh, moved = _directions(jnp.asarray(gradients), state, jnp.asarray(points))
            keep = jnp.asarray(better)
            state = jax.tree.map(
                lambda new, old, k=keep: jnp.where(k.reshape(-1, *[1] * (new.ndim - 1)), new, old), moved, state
            )
            directions = np.where(better[:, None], np.asarray(fresh), directions)
    return points, values, np.linalg.norm(gradients, axis=1)


def curvature(posterior: Posterior, point: np.ndarray, jacobian: float) -> np.ndarray:
    """Hessian of −ln p in the unbounded space, by central differences of the gradient (error of order 1e-8)."""
    size, step = point.size, 1e-4
    shifted = point + step * np.concatenate([np.eye(size), -np.eye(size)])
    _, slopes = potential_slopes(posterior, shifted, jacobian)
    hessian = (slopes[:size] - slopes[size:]) / (2.0 * step)
    return 0.5 * (hessian + hessian.T)


@jax.jit
def _parameters(posterior: Posterior, vector: Array) -> tuple[Array, Array]:
    """Parameters at a point of the unbounded space, and their slopes along its axes."""

    def flat(vector: Array) -> Array:
        values = posterior.constrain(vector)
        return jnp.stack([values[path] for path in posterior.paths])

    return jax.jvp(flat, (vector,), (jnp.ones_like(vector),))


def find_map(problem: Problem, seed: int = 0) -> Map:
    """The maximum of the posterior density per unit of the parameters (prior included, no Jacobian).

    L-BFGS from the scene's own values and from points spread over the prior; the best of them.
    Arguments: seed — of the starting points.
    """
    posterior = problem.posterior
    own = np.asarray(jax.jit(Posterior.unconstrain)(posterior, problem.start()))
    points, values, norms = minimise(posterior, spread(own, seed), 0.0)
    best = int(np.argmin(np.where(np.isfinite(values), values, np.inf)))
    flat, slope = (np.asarray(a) for a in _parameters(posterior, jnp.asarray(points[best])))
    inside = np.all(np.abs(points[best]) < EDGE)
    # At an inner maximum the gradient vanishes, and the Hessian transforms like a metric.
    hessian = curvature(posterior, points[best], 0.0) if inside else np.full((own.size, own.size), np.nan)
    covariance = inverse(hessian) * np.outer(slope, slope)
    errors = np.sqrt(np.diagonal(covariance))
    prior = problem.sample_prior(jax.random.key(seed), PRIOR_DRAWS)
    wide = np.array([float(np.std(np.asarray(prior[path]))) for path in problem.paths])
    flat = np.array(
        [
            _on_bound(v, *bounds(problem.priors[p].distribution), w)
            for p, v, w in zip(problem.paths, flat, wide, strict=True)
        ]
    )
    return Map(
        dict(zip(problem.paths, flat.tolist(), strict=True)),
        points[best],
        -float(values[best]),
        covariance,
        dict(zip(problem.paths, np.where(errors < 3.0 * wide, errors, np.nan).tolist(), strict=True)),
        bool(norms[best] < 1e-2),
    )


def _on_bound(value: float, low: float, high: float, width: float) -> float:
    """The bound of a prior where an optimum ran into it (the mapped coordinate reaches it at infinity only)."""
    return next((bound for bound in (low, high) if abs(value - bound) < ON_BOUND * width), float(value))


def inverse(hessian: np.ndarray) -> np.ndarray:
    """Covariance from a Hessian; NaN throughout unless it is positive definite."""
    if not np.all(np.isfinite(hessian)):
        return np.full_like(hessian, np.nan)
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diagonal(hessian)), 1e-300))
    scaled = hessian * np.outer(scale, scale)
    if np.linalg.eigvalsh(scaled)[0] <= 1e-10:
        return np.full_like(hessian, np.nan)
    return np.linalg.inv(scaled) * np.outer(scale, scale)


def spread(first: np.ndarray, seed: int) -> np.ndarray:
    """A starting point, and others spread over the prior."""
    others = np.random.default_rng(seed).normal(size=(STARTS - 1, first.size))
    return np.clip(np.nan_to_num(np.concatenate([first[None], others])), -LARGEST_START, LARGEST_START)
