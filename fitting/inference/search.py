"""Minima of −ln p: SciPy's L-BFGS-B from several starts, finished by its SLSQP in coordinates of unit curvature.

A search for the MAP moves in the parameters themselves where a prior has two ends, so that a minimum at an end lies at
a finite place. L-BFGS-B creeps along narrow valleys: where it has spent its gradients the curvature is taken by
differences, and SLSQP goes on in the same box, its first step Newton's (in all half the gradients of L-BFGS-B alone).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import LinearConstraint, lsq_linear, minimize

from fitting.inference.abreast import abreast, in_turn, worth_it
from fitting.inference.slopes import Density, Slopes, slopes_of
from fitting.problem.priors import bounds

ENOUGH = 1e-4  # of ln p that another step would gain: there the search ends
FIRST = (15, 2)  # gradients granted to L-BFGS-B, and more for each parameter
NEXT = 40  # gradients of SLSQP after which the true curvature is worth its own
ROUNDS = 8  # times that the curvature is taken
PROMISING = 5.0  # of ln p below the best: from there a search goes on
FLATTEST = 3e-3  # curvature per (width of the prior)² below which a direction counts as flat
LONGEST = 1.0  # of an expected step, in any parameter [widths of the prior]
BULGE = 0.3  # step to either side of a point that curves downwards [widths of the prior]
RIDGES = 2  # directions as wide as the prior along which others start from the best
EDGE = 1e-6  # how near to the ends of a prior a search goes [its interval]
ROOT_3 = math.sqrt(3.0)

Each = Callable[..., Any]


@dataclass(frozen=True)
class Frame:
    """Coordinates x of a search: in units of the prior's width from −√3 to √3 where a parameter is `boxed`, else those
    of the unbounded space."""

    boxed: np.ndarray

    @property
    def high(self) -> np.ndarray:
        """Largest coordinates; the lowest are their opposites."""
        return np.where(self.boxed, (1.0 - 2.0 * EDGE) * ROOT_3, np.inf)

    def clip(self, x: np.ndarray) -> np.ndarray:
        """The nearest point inside."""
        return np.clip(x, -self.high, self.high)

    def of(self, vector: np.ndarray) -> np.ndarray:
        """Coordinates of a point of the unbounded space."""
        return self.clip(np.where(self.boxed, ROOT_3 * np.tanh(0.5 * vector), vector))

    def vector(self, x: np.ndarray) -> np.ndarray:
        """The point of the unbounded space."""
        return np.where(self.boxed, 2.0 * np.arctanh(np.where(self.boxed, x, 0.0) / ROOT_3), x)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Slope of the unbounded space's coordinates along x."""
        return np.where(self.boxed, 2.0 * ROOT_3 / (3.0 - np.where(self.boxed, x, 0.0) ** 2), 1.0)


@dataclass(frozen=True, eq=False)
class Place:
    """A point of a search: coordinates, −ln p (infinite where it is no number), gradient, and the last curvature
    [parameter, parameter] that was taken: here, unless the search is `going` on.

    `converged` says that no step is expected to lower −ln p by more than `ENOUGH`: neither one to the minimum of the
    paraboloid in the box, nor one along a direction that curves downwards.
    """

    x: np.ndarray
    frame: Frame
    value: float
    slope: np.ndarray
    curvature: np.ndarray | None = None
    going: bool = True
    converged: bool = False

    @property
    def vector(self) -> np.ndarray:
        """Place in the unbounded space."""
        return self.frame.vector(self.x)

    @property
    def free(self) -> np.ndarray:
        """Parameters that are not held at an end of their prior."""
        return (np.abs(self.x) < self.frame.high - EDGE) | (self.x * self.slope > 0.0)


def minimise(posterior: Density, starts: np.ndarray, jacobian: float, rounds: int = ROUNDS) -> list[Place]:
    """The lowest points found from some starts [start, parameter] of the unbounded space, best first.

    Where the best lies on a ridge as long as the prior is wide, more start along the ridge, to both sides.
    Arguments: jacobian — 1 for the density per unit of the unbounded space, whose minima lie inside; 0 for that per
    unit of the parameters; rounds — times that the curvature is taken.
    """
    ends = np.array([bounds(posterior.prior(path)) for path in posterior.paths]).reshape(-1, 2)
    frame = Frame(np.all(np.isfinite(ends), axis=1) & (jacobian == 0.0))
    of_vectors = slopes_of(posterior, jacobian)

    def slopes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradients = of_vectors(frame.vector(x))
        return values, gradients * frame.slope(x)

    begin = partial(_begin, frame=frame)
    each = abreast if worth_it(slopes, frame.of(starts[0])) else in_turn
    places = _finish(slopes, each, each(slopes, begin, list(frame.of(starts))), rounds)
    if len(sides := _sides(places[0], 1.0, 1.0)):
        places = _finish(slopes, each, [*places, *each(slopes, begin, list(sides))], rounds)
    return places


def _finish(slopes: Slopes, each: Each, places: list[Place], rounds: int) -> list[Place]:
    """The promising places taken to their minima, best first; the best one's curvature is its own in any case."""
    for _ in range(rounds):
        lowest = min(place.value for place in places)
        going = [place for place in places if place.going and place.value < lowest + PROMISING]
        places = [*(place for place in places if place not in going), *each(slopes, _round, going)]
    best, *others = _sorted(places)
    return [_curved(slopes, best) if best.going and np.isfinite(best.value) else best, *others]


def _sorted(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=lambda place: place.value)


def _at(slopes: Slopes, frame: Frame, x: np.ndarray) -> list[Place]:
    """Places [point, parameter], lowest first."""
    values, gradients = slopes(x)
    values = np.where(np.isfinite(values) & np.all(np.isfinite(gradients), axis=1), values, np.inf)
    return _sorted(Place(x[k], frame, float(values[k]), gradients[k]) for k in range(len(x)))


def _begin(slopes: Slopes, x: np.ndarray, frame: Frame) -> Place:
    """The way from a start; it moves to the middle of the priors until −ln p is finite."""
    for share in (1.0, 0.5, 0.25, 0.0):
        (place,) = _at(slopes, frame, share * x[None])
        if np.isfinite(place.value):
            return _leg(slopes, place, FIRST[0] + FIRST[1] * x.size)
    return place


class _Spent(Exception):
    """A leg has had its gradients."""


def _leg(slopes: Slopes, start: Place, budget: int) -> Place:
    """The lowest place that SciPy meets within some gradients, in coordinates z: x = start + Lz, LLᵀ = |curvature|⁻¹.

    Where −ln p is not finite it is told to have risen by what it was expected to fall, so that its step gets shorter.
    """
    best, spent, unit = start, 0, _unit(start)

    def ask(z: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best, spent
        if not np.any(z):
            return 0.0, unit.T @ start.slope
        if spent == budget:
            raise _Spent
        spent += 1
        (here,) = _at(slopes, start.frame, start.frame.clip(start.x + unit @ z)[None])
        if not np.isfinite(here.value):
            return best.value - start.value + abs(float(best.slope @ (here.x - best.x))), np.zeros_like(z)
        best = min(best, here, key=lambda place: place.value)
        return here.value - start.value, unit.T @ here.slope

    low, high, boxed = -start.frame.high - start.x, start.frame.high - start.x, start.frame.boxed
    first = partial(minimize, ask, np.zeros_like(start.x), jac=True)
    with suppress(_Spent):
        if start.curvature is None:
            ends, tight = list(zip(low, high, strict=True)), {"maxcor": 20, "ftol": 0.01 * ENOUGH, "gtol": 0.0}
            first(method="L-BFGS-B", bounds=ends, options=tight)
        else:
            box = [LinearConstraint(unit[boxed], low[boxed], high[boxed])] if np.any(boxed) else []
            first(method="SLSQP", constraints=box, options={"maxiter": budget, "ftol": 0.1 * ENOUGH})
    return best if best is start else replace(best, curvature=start.curvature)


def _unit(place: Place) -> np.ndarray:
    """L [parameter, axis], in whose columns −ln p has unit curvature, up or down."""
    if place.curvature is None:
        return np.eye(place.x.size)
    widths, axes = np.linalg.eigh(place.curvature)
    return axes / np.sqrt(np.maximum(np.abs(widths), FLATTEST))


def _round(slopes: Slopes, place: Place) -> Place:
    """The way on from a place, by its true curvature; it ends where no step is expected to gain, or where nothing along
    it is lower (−ln p is not smooth there)."""
    place = _curved(slopes, place)
    lower = place
    if _gain(place) < ENOUGH:
        sides = _sides(place, -FLATTEST, BULGE)
        lower = _at(slopes, place.frame, sides)[0] if len(sides) else place
        if lower.value > place.value - ENOUGH:
            return replace(place, going=False, converged=True)
    after = _leg(slopes, replace(lower, curvature=place.curvature), NEXT)
    return after if after.value < place.value else replace(place, going=False)


def _curved(slopes: Slopes, place: Place) -> Place:
    """The same with its curvature, by differences of the gradient (error of order 1e-5), away from ends."""
    step = 1e-5 * np.where(place.x > 0.0, -1.0, 1.0)
    _, gradients = slopes(place.x + np.diag(step))
    curvature = np.nan_to_num((gradients - place.slope) / step[:, None])
    return replace(place, curvature=0.5 * (curvature + curvature.T))


def _gain(place: Place) -> float:
    """By how much g·s + ½|L⁻¹s|² falls for the best step s of the free parameters in the box."""
    free = place.free
    if not np.any(free):
        return 0.0
    slope, metric = place.slope[free], np.linalg.inv(_unit(place))[:, free]
    low, high = (np.minimum(LONGEST, place.frame.high + sign * place.x)[free] for sign in (1.0, -1.0))
    target = -_unit(place)[free].T @ slope
    found = lsq_linear(metric, target, (-low, high), method="bvls", tol=1e-12, max_iter=1000)
    fall = -float(slope @ found.x) - 0.5 * float(np.sum((metric @ found.x) ** 2))
    return fall if found.success else np.inf


def _sides(place: Place, limit: float, length: float) -> np.ndarray:
    """Points to both sides of a place, along the free axes whose curvature is below a limit."""
    free = np.flatnonzero(place.free)
    if free.size == 0 or place.curvature is None:
        return np.zeros((0, place.x.size))
    widths, axes = np.linalg.eigh(place.curvature[np.ix_(free, free)])
    away = np.zeros((min(int(np.sum(widths < limit)), RIDGES), place.x.size))
    away[:, free] = length * axes[:, : len(away)].T
    return place.frame.clip(place.x + np.concatenate([away, -away]))
