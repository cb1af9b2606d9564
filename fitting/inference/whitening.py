"""Coordinates in which a posterior looks like a unit Gaussian, so that a sampler can take long steps."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from fitting.inference.maximum import inner
from fitting.inference.search import minimise
from fitting.inference.slopes import potential_slopes
from fitting.problem.problem import Posterior, Problem

FLATTEST = 0.2  # a flat prior on an interval has curvature 1/2 at its middle: a much wider direction is not Gaussian
CURVED = 0.1  # offset of a ridge, in standard deviations, one standard deviation along it: below it is straight
NEWTON = 4  # steps to a ridge's true place
LONGEST, FAR, ARRIVED = 3.0, 0.3, 0.03  # of them: the largest; what asks for the curvature again; the last
ROUND = 0.2  # misfit below which coordinates will do
ASTRAY = 5.0  # times that of straight ones: a bend so bad is not the beginning of a ridge
TRIALS = 32  # draws on which straight and bent coordinates are compared

Vector = Float[Array, " parameter"]


class Whitening(eqx.Module):
    """vector = centre + L (u + q(u)), q_i = Σ_jk bend_ijk u_j u_k + Σ_j twist_ij u_j³: a Laplace approximation that
    follows a curved ridge.

    The columns of L run from the widest direction to the narrowest, and q_i depends on wider ones alone: the map is
    one to one and keeps volumes, so that a density in u needs no Jacobian.
    """

    centre: Vector
    factor: Float[Array, "parameter parameter"]
    bend: Float[Array, "parameter parameter parameter"]
    twist: Float[Array, "parameter parameter"]

    def __call__(self, u: Vector) -> Vector:
        """The point of the unbounded space at u."""
        return self.centre + self.factor @ (u + jnp.einsum("ijk,j,k->i", self.bend, u, u) + self.twist @ u**3)


def whitening(problem: Problem, starts: np.ndarray, seed: int = 0) -> Whitening:
    """Coordinates u in which the posterior has about unit covariance.

    The mode is that of the density a sampler sees, Jacobian included. Directions that the Laplace approximation leaves
    wide (or curved the wrong way) get the width of a bounded prior. The ridge is followed to second or third order
    where that brings the density nearer to a Gaussian.
    Arguments: starts — where to search the mode from [start, parameter], beside the middle of the priors: the maxima
    that the search for the MAP found.
    """
    posterior = problem.posterior
    best = minimise(posterior, np.concatenate([inner(starts), np.zeros_like(starts[:1])]), 1.0)[0]
    centre = best.vector
    widths, axes = np.linalg.eigh(np.eye(centre.size) if best.curvature is None else best.curvature)
    factor = axes / np.sqrt(np.clip(widths, FLATTEST, None))
    straight = Whitening(*(jnp.asarray(a) for a in (centre, factor, np.zeros((centre.size,) * 3), np.zeros_like(axes))))
    trials = np.random.default_rng(seed).normal(size=(TRIALS, centre.size))
    kept, least = straight, _misfit(posterior, straight, trials)
    if least < ROUND:
        return straight
    bent = eqx.tree_at(lambda w: w.bend, straight, jnp.asarray(_bend(straight, posterior)))
    misfit = _misfit(posterior, bent, trials)
    goes_on = ROUND < misfit < ASTRAY * least
    if misfit < least:
        kept, least = bent, misfit
    if goes_on:
        followed = _follow(bent, posterior)
        kept = followed if _misfit(posterior, followed, trials) < least else kept
    return kept


def _slopes(whitened: Whitening, posterior: Posterior, w: np.ndarray) -> np.ndarray:
    """Gradient of −ln p along the columns of L, at w = u + q(u) [point, parameter]."""
    factor = np.asarray(whitened.factor)
    return potential_slopes(posterior, np.asarray(whitened.centre) + w @ factor.T, 1.0)[1] @ factor


def _bend(straight: Whitening, posterior: Posterior) -> np.ndarray:
    """Where narrow directions have their minimum as one walks along wider ones, to second order, from the gradient one
    standard deviation away (a secant: what matters is the bulk, not the tip)."""
    size = straight.centre.size
    pairs = [(j, k) for j in range(size) for k in range(j + 1)]
    steps, signs = np.eye(size), (1.0, -1.0)
    reach = np.array([1.0 if j != k else 0.5 for j, k in pairs])
    corners = [
        r * (one * steps[j] + two * steps[k])
        for (j, k), r in zip(pairs, reach, strict=True)
        for one in signs
        for two in signs
    ]
    places, same = np.unique(np.array(corners), axis=0, return_inverse=True)  # pairs with j = k meet in the middle
    mixed = _slopes(straight, posterior, places)[same.ravel()].reshape(len(pairs), 2, 2, size)
    second = (mixed[:, 0, 0] + mixed[:, 1, 1] - mixed[:, 0, 1] - mixed[:, 1, 0]) / (2.0 * reach[:, None]) ** 2
    bend = np.zeros((size, size, size))
    for (j, k), change in zip(pairs, second, strict=True):
        bend[j + 1 :, j, k] = bend[j + 1 :, k, j] = -0.5 * change[j + 1 :]
    return np.nan_to_num(bend)


def _follow(bent: Whitening, posterior: Posterior) -> Whitening:
    """The ridge along each curved axis to third order, through its true places one and two standard deviations away."""
    bend, twist = np.array(bent.bend), np.array(bent.twist)
    reach = np.array([-2.0, -1.0, 1.0, 2.0])
    terms = np.stack([reach**2, reach**3], axis=1)
    for j in range(len(twist) - 1):
        if np.max(np.abs(bend[:, j, j])) < CURVED:
            continue
        narrow = slice(j + 1, None)
        w = reach[:, None] * np.eye(len(twist))[j] + terms[:, :1] * bend[:, j, j]
        curvature = None
        for _ in range(NEWTON):
            slopes, curvature = _across(bent, posterior, w, j + 1, curvature)
            move = np.clip(np.linalg.solve(curvature, slopes[..., None])[..., 0], -LONGEST, LONGEST)
            w[:, narrow] -= move
            if np.max(np.abs(move)) < ARRIVED:
                break
            curvature = curvature if np.max(np.abs(move)) < FAR else None
        bend[narrow, j, j], twist[narrow, j] = np.linalg.lstsq(terms, w[:, narrow], rcond=None)[0]
    return eqx.tree_at(lambda w: (w.bend, w.twist), bent, (jnp.asarray(bend), jnp.asarray(twist)))


def _across(
    whitened: Whitening, posterior: Posterior, w: np.ndarray, first: int, known: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of −ln p over the directions from `first` on [point, direction], and its curvature [point, direction,
    direction], by differences where it is not known."""
    step, free = 0.1, np.eye(w.shape[1])[first:]
    shifts = () if known is not None else tuple(w + step * axis for axis in free)
    slopes = np.nan_to_num(_slopes(whitened, posterior, np.concatenate([w, *shifts]))[:, first:])
    slopes = slopes.reshape(1 + len(shifts), len(w), len(free))
    if known is not None:
        return slopes[0], known
    curvature = np.moveaxis(slopes[1:] - slopes[0], 1, 0) / step
    curvature = 0.5 * (curvature + np.moveaxis(curvature, 1, 2))
    lowest = np.linalg.eigvalsh(curvature)[:, :1, None]
    # Downhill even where it bulges.
    return slopes[0], curvature + np.maximum(FLATTEST - lowest, 0.0) * np.eye(len(free))


def _misfit(posterior: Posterior, whitened: Whitening, trials: np.ndarray) -> float:
    """How far −ln p lies from ½|u|² + constant, as the range of the middle two thirds of some draws."""
    values, _ = potential_slopes(posterior, np.asarray(jax.vmap(whitened)(jnp.asarray(trials))), 1.0)
    low, high = np.quantile(np.nan_to_num(values, nan=np.inf) - 0.5 * np.sum(trials**2, axis=1), (1 / 6, 5 / 6))
    return float(high - low) if np.isfinite(high) else np.inf
