"""The most probable parameters (MAP), and the errors of a Gaussian around them (Laplace)."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from fitting.inference.search import Place, minimise
from fitting.problem.priors import bounds
from fitting.problem.problem import Posterior, Problem

STARTS = 6
# Starts keep off the ends of bounded priors, where a mapped coordinate has no slope left; an optimum beyond EDGE lies
# on a bound.
LARGEST_START = 3.0
EDGE = 8.0
ON_BOUND = 1e-3  # of the prior's width: what is nearer to a bound lies on it
MODES, APART, LOWER = 3, 0.3, 10.0  # other maxima: how many, how far apart [widths of the prior], how much lower
PRIOR_DRAWS = 4000
ABSURD = 3.0  # widths of the prior


@dataclass(frozen=True)
class Map:
    """The best point: values, its vector in the unbounded space, log density, and Gaussian errors.

    `errors` and `covariance` [parameter, parameter] are in the parameters' own units, NaN where the density has no
    maximum inside the prior (a parameter at its bound, or one that nothing constrains). `converged` says that no step
    is expected to raise ln p by more than 1e-4. `optima` [place, parameter] are the vectors of this and other maxima.
    """

    values: dict[str, float]
    vector: np.ndarray
    log_density: float
    covariance: np.ndarray
    errors: dict[str, float]
    converged: bool
    optima: np.ndarray


@jax.jit
def _parameters(posterior: Posterior, vector: Array) -> tuple[Array, Array]:
    """Parameters at a point of the unbounded space, and their slopes along its axes."""

    def flat(vector: Array) -> Array:
        values = posterior.constrain(vector)
        return jnp.stack([values[path] for path in posterior.paths])

    return jax.jvp(flat, (vector,), (jnp.ones_like(vector),))


def find_map(problem: Problem, seed: int = 0) -> Map:
    """The maximum of the posterior density per unit of the parameters (prior included, no Jacobian).

    Searched from the scene's own values and from points spread over the prior (see `search.minimise`); the best.
    Arguments: seed — of the starting points. Errors: ValueError where the density has no number anywhere.
    """
    posterior = problem.posterior
    own = np.asarray(jax.jit(Posterior.unconstrain)(posterior, problem.start()))
    best, *others = minimise(posterior, spread(own, seed), 0.0)
    if not np.isfinite(best.value):
        raise ValueError(f"the log-density is {-best.value:g} at every start of the search: see what `predict` says")
    flat, slope = (np.asarray(a) for a in _parameters(posterior, jnp.asarray(best.vector)))
    # At an inner maximum the gradient vanishes, and the Hessian transforms like a metric.
    inside = bool(np.all(np.abs(best.vector) < EDGE))
    hessian = best.curvature if inside and best.curvature is not None else np.full((own.size, own.size), np.nan)
    slope = slope * best.frame.slope(best.x)
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
        best.vector,
        -best.value,
        covariance,
        dict(zip(problem.paths, believable(errors, wide).tolist(), strict=True)),
        best.converged,
        _distinct([best, *others]),
    )


def believable(errors: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """Errors at the MAP, NaN where they are absurd: beyond three times the width of the prior."""
    return np.where(errors < ABSURD * wide, errors, np.nan)


def _distinct(places: list[Place]) -> np.ndarray:
    """Places [place, parameter] where the search came to rest, best first: other maxima that are not much lower."""
    kept = places[:1]
    for place in places[1:]:
        apart = all(np.max(np.abs(place.x - other.x)) > APART for other in kept)
        if apart and len(kept) < MODES and place.value < places[0].value + LOWER:
            kept.append(place)
    return np.array([place.vector for place in kept])


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
    return inner(np.concatenate([first[None], others]))


def inner(starts: np.ndarray) -> np.ndarray:
    """Starting points, moved off the ends of bounded priors."""
    return np.clip(np.nan_to_num(starts), -LARGEST_START, LARGEST_START)
