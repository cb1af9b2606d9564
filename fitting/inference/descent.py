"""One start's way down −ln p: L-BFGS, finished by Newton steps with the true curvature.

A search for the MAP moves in the parameters themselves where a prior has two ends, so that a minimum at an end lies at
a finite place; a gradient that pushes against an end does not count (Kelley 1999, Iterative Methods for Optimization,
ch. 5). A way is a generator that asks for −ln p and its gradient at some points and is sent them, so that several can
be walked abreast.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np

from fitting.inference.lbfgs import Memory

ENOUGH = 1e-4  # of ln p that another step would gain: there the search ends
FLATTEST = 3e-3  # curvature per (width of the prior)² below which a direction counts as flat
BULGE = 0.3  # step to either side of a point that curves downwards [widths of the prior]
LONGEST = 1.0  # of a step, in any parameter [widths of the prior]
FIRST = 0.3  # the same, before anything is known of the curvature
SHORTEST = 1e-9
RISE = 1e-4  # least share of the decrease that the slope promises
REFRESH = 20  # steps after which the true curvature is worth its gradients; L-BFGS remembers as many
EDGE = 1e-6  # of an interval's width: how near to its ends a search goes
ROOT_12 = math.sqrt(12.0)  # a uniform distribution has the width 1/√12 of its interval

Way = Generator[np.ndarray, tuple[np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class Frame:
    """Coordinates x of a search: (share of the interval − 1/2) √12 where a parameter is `boxed`, else those of the
    unbounded space."""

    boxed: np.ndarray

    @property
    def high(self) -> np.ndarray:
        """Largest coordinates; the lowest are their opposites."""
        return np.where(self.boxed, (0.5 - EDGE) * ROOT_12, np.inf)

    def clip(self, x: np.ndarray) -> np.ndarray:
        """The nearest point inside."""
        return np.clip(x, -self.high, self.high)

    def vector(self, x: np.ndarray) -> np.ndarray:
        """The point of the unbounded space."""
        share = np.where(self.boxed, x / ROOT_12 + 0.5, 0.5)
        return np.where(self.boxed, np.log(share / (1.0 - share)), x)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Slope of the unbounded space's coordinates along x."""
        share = np.where(self.boxed, x / ROOT_12 + 0.5, 0.5)
        return np.where(self.boxed, 1.0 / (ROOT_12 * share * (1.0 - share)), 1.0)

    def of(self, vector: np.ndarray) -> np.ndarray:
        """Coordinates of a point of the unbounded space."""
        return self.clip(np.where(self.boxed, ROOT_12 * (0.5 * np.tanh(0.5 * vector)), vector))


@dataclass(eq=False)
class Walk:
    """One start on its way down: coordinates, −ln p, gradient, and the curvature [parameter, parameter] of the last
    place where it was taken.

    `converged` says that no step is expected to lower −ln p by more than `ENOUGH`: neither a Newton step with the true
    curvature, nor one along a direction that curves downwards.
    """

    x: np.ndarray
    frame: Frame
    value: float = np.inf
    slope: np.ndarray = field(default_factory=lambda: np.zeros(0))
    curvature: np.ndarray | None = None
    spent: int = 0
    converged: bool = False
    dropped: bool = False
    way: Way | None = None
    ask: np.ndarray | None = None

    @staticmethod
    def start(x: np.ndarray, frame: Frame) -> Walk:
        """A walk that asks for its first point."""
        walk = Walk(x, frame)
        walk.way = _descend(walk)
        walk.ask = next(walk.way)
        return walk

    def answer(self, values: np.ndarray, slopes: np.ndarray) -> None:
        """Go on from −ln p and its gradients where the walk asked for them, to the next question."""
        assert self.way is not None
        self.spent += len(values)
        try:
            self.ask = self.way.send((values, slopes))
        except StopIteration:
            self.ask = None

    @property
    def vector(self) -> np.ndarray:
        """Place in the unbounded space."""
        return self.frame.vector(self.x)

    @property
    def free(self) -> np.ndarray:
        """Parameters that are not held at an end of their prior."""
        return (np.abs(self.x) < self.frame.high) | (self.x * self.slope > 0.0)


def _descend(walk: Walk) -> Way:
    """One start's way: L-BFGS, then a Newton step with the true curvature; again, until that gains nothing."""
    yield from _begin(walk)
    if not np.isfinite(walk.value):
        return
    before, slope = walk.x, walk.slope
    yield from _along(walk, _newton(walk, np.eye(walk.x.size))[0], FIRST)
    if walk.x is not before:
        size = max(np.linalg.norm(walk.slope - slope) / np.linalg.norm(walk.x - before), FLATTEST)
        first = Memory.begin(size * np.eye(walk.x.size), before, slope)
        yield from _remembering(walk, first.after(walk.x, walk.slope))
    while True:
        yield from curve(walk)
        known = upright(walk.curvature)
        step, gain = _newton(walk, known)
        if gain < ENOUGH and not (yield from _over_a_bulge(walk)):
            yield from _along(walk, step, LONGEST)  # the last step, too small to change the curvature
            walk.converged = True
            return
        memory = Memory.begin(known, walk.x, walk.slope)
        if gain >= ENOUGH:
            before = walk.x
            yield from _along(walk, step, LONGEST)
            if walk.x is before:
                return  # nothing lies lower along the way that the true curvature shows: −ln p is not smooth here
            memory = memory.after(walk.x, walk.slope)
        yield from _remembering(walk, memory)


def _begin(walk: Walk) -> Way:
    """A start where −ln p is finite: nearer to the middle of the priors where it is not."""
    for share in (1.0, 0.5, 0.25, 0.0):
        x = share * walk.x
        (value,), (slope,) = yield x[None]
        if np.isfinite(value) and np.all(np.isfinite(slope)):
            walk.x, walk.value, walk.slope = x, float(value), slope
            return


def _remembering(walk: Walk, memory: Memory) -> Way:
    """Steps with the curvature that L-BFGS learns on the way, until they gain nothing or have been many."""
    for _ in range(REFRESH - 1):
        step, gain = _newton(walk, memory.curvature)
        before = walk.x
        if gain >= ENOUGH:
            yield from _along(walk, step, LONGEST)
        if walk.x is before:
            return
        memory = memory.after(walk.x, walk.slope)


def _newton(walk: Walk, model: np.ndarray) -> tuple[np.ndarray, float]:
    """The step to the minimum of the quadratic model inside the box, and what it gains.

    Parameters that would leave the box are stopped at its side, and the others follow.
    """
    loose, step = walk.free, np.zeros_like(walk.x)
    while np.any(loose):
        rest = np.ix_(loose, ~loose)
        pull = -walk.slope[loose] - model[rest] @ step[~loose]
        step[loose] = np.linalg.solve(model[np.ix_(loose, loose)], pull)
        beyond = loose & (np.abs(walk.x + step) > walk.frame.high)
        if not np.any(beyond):
            break
        step[beyond] = (walk.frame.clip(walk.x + step) - walk.x)[beyond]
        loose = loose & ~beyond
    return step, float(-walk.slope @ step - 0.5 * step @ model @ step)


def _along(walk: Walk, step: np.ndarray, longest: float) -> Way:
    """A point lower down along a step; the walk stays where there is none."""
    length = np.max(np.abs(step))
    share = min(1.0, longest / max(length, 1e-300))
    while share * length > SHORTEST:
        x = walk.frame.clip(walk.x + share * step)
        promised = min(float(walk.slope @ (x - walk.x)), 0.0)
        (value,), (slope,) = yield x[None]
        if np.isfinite(value) and np.all(np.isfinite(slope)):
            if value <= walk.value + RISE * promised:
                walk.x, walk.value, walk.slope = x, float(value), slope
                return
            # The lowest point of the parabola through what is known.
            share *= float(np.clip(-0.5 * promised / (value - walk.value - promised), 0.1, 0.6))
        else:
            share *= 0.2


def curve(walk: Walk) -> Way:
    """The curvature here, by differences of the gradient (error of order 1e-5), away from ends."""
    size, step = walk.x.size, 1e-5 * np.where(walk.x > 0.0, -1.0, 1.0)
    _, slopes = yield walk.x + np.diag(step)
    curvature = np.nan_to_num((slopes - walk.slope) / step[:, None]).reshape(size, size)
    walk.curvature = 0.5 * (curvature + curvature.T)


def upright(curvature: np.ndarray) -> np.ndarray:
    """The curvature turned upwards wherever it bulges."""
    widths, axes = np.linalg.eigh(curvature)
    return (axes * np.maximum(np.abs(widths), FLATTEST)) @ axes.T


def _over_a_bulge(walk: Walk) -> Generator[np.ndarray, tuple[np.ndarray, np.ndarray], bool]:
    """Whether −ln p is lower to a side of a point where it curves downwards; the walk goes there."""
    free = walk.free
    widths, axes = np.linalg.eigh(walk.curvature[np.ix_(free, free)])
    if widths.size == 0 or widths[0] > -FLATTEST:
        return False
    side = np.zeros_like(walk.x)
    side[free] = BULGE * axes[:, 0]
    x = walk.frame.clip(walk.x + np.array([side, -side]))
    values, slopes = yield x
    best = int(np.argmin(np.where(np.all(np.isfinite(slopes), axis=1), values, np.inf)))
    if not values[best] < walk.value - ENOUGH or not np.all(np.isfinite(slopes[best])):
        return False
    walk.x, walk.value, walk.slope = x[best], float(values[best]), slopes[best]
    return True
