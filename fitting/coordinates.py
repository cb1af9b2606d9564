"""Coordinates in which a posterior looks like a unit Gaussian, so that a sampler can take long steps."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from fitting.optimize import curvature, minimise, potential_slopes, spread
from fitting.problem import Posterior, Problem

FLATTEST = 0.2  # a flat prior on an interval has curvature 1/2 at its middle: a much wider direction is not Gaussian
TRIALS = 64  # draws on which straight and bent coordinates are compared

Vector = Float[Array, "parameter"]


class Whitening(eqx.Module):
    """vector = centre + L (u + q(u)), q_i = Σ_jk bend_ijk u_j u_k: a Laplace approximation that follows a curved ridge.

    The columns of L run from the widest direction to the narrowest, and q_i depends on wider ones alone: the map is
    one to one and keeps volumes, so that a density in u needs no Jacobian.
    """

    centre: Vector
    factor: Float[Array, "parameter parameter"]
    bend: Float[Array, "parameter parameter parameter"]

    def __call__(self, u: Vector) -> Vector:
        """The point of the unbounded space at u."""
        return self.centre + self.factor @ (u + jnp.einsum("ijk,j,k->i", self.bend, u, u))


def whitening(problem: Problem, start: np.ndarray, seed: int = 0) -> Whitening:
    """Coordinates u in which the posterior has about unit covariance.

    The mode is that of the density a sampler sees, Jacobian included, searched from the MAP and from points spread over
    the prior. Directions that the Laplace approximation leaves wide (or curved the wrong way) get the width of a
    bounded prior. The ridge is followed to second order where that brings the density nearer to a Gaussian.
    """
    posterior = problem.posterior
    points, values, _ = minimise(posterior, spread(start, seed), 1.0)
    centre = points[int(np.argmin(np.where(np.isfinite(values), values, np.inf)))]
    widths, axes = np.linalg.eigh(np.nan_to_num(curvature(posterior, centre, 1.0)))
    factor = axes / np.sqrt(np.clip(widths, FLATTEST, None))
    bend = _bend(posterior, centre, factor)
    trials = np.random.default_rng(seed).normal(size=(TRIALS, centre.size))
    straight, bent = (_misfit(posterior, centre, factor, b, trials) for b in (np.zeros_like(bend), bend))
    return Whitening(*(jnp.asarray(a) for a in (centre, factor, bend if bent < straight else np.zeros_like(bend))))


def _bend(posterior: Posterior, centre: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Where narrow directions have their minimum as one walks along wider ones, to second order, from the gradient one
    standard deviation away (a secant: what matters is the bulk, not the tip)."""
    size = centre.size
    pairs = [(j, k) for j in range(size) for k in range(j + 1)]
    steps, signs = np.eye(size), (1.0, -1.0)
    reach = np.array([1.0 if j != k else 0.5 for j, k in pairs])
    corners = [
        r * (one * steps[j] + two * steps[k])
        for (j, k), r in zip(pairs, reach, strict=True)
        for one in signs
        for two in signs
    ]
    _, slopes = potential_slopes(posterior, centre + np.array(corners) @ factor.T, 1.0)
    mixed = (slopes @ factor).reshape(len(pairs), 2, 2, size)
    second = (mixed[:, 0, 0] + mixed[:, 1, 1] - mixed[:, 0, 1] - mixed[:, 1, 0]) / (2.0 * reach[:, None]) ** 2
    bend = np.zeros((size, size, size))
    for (j, k), change in zip(pairs, second, strict=True):
        bend[j + 1 :, j, k] = bend[j + 1 :, k, j] = -0.5 * change[j + 1 :]
    return np.nan_to_num(bend)


def _misfit(
    posterior: Posterior, centre: np.ndarray, factor: np.ndarray, bend: np.ndarray, trials: np.ndarray
) -> float:
    """How far −ln p lies from ½|u|² + constant, as the range of the middle two thirds of some draws."""
    points = centre + (trials + np.einsum("ijk,sj,sk->si", bend, trials, trials)) @ factor.T
    values, _ = potential_slopes(posterior, points, 1.0)
    low, high = np.quantile(np.nan_to_num(values, nan=np.inf) - 0.5 * np.sum(trials**2, axis=1), (1 / 6, 5 / 6))
    return float(high - low) if np.isfinite(high) else np.inf
