"""Minima of −ln p: several starts abreast, the questions of all answered together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fitting.inference.descent import ENOUGH, Frame, Walk, curve, upright
from fitting.inference.slopes import Slopes, slopes_of
from fitting.problem.priors import bounds
from fitting.problem.problem import Posterior

PATIENCE = (20, 6)  # gradients granted to a start, and more for each parameter
LIMIT = (60, 30)  # the same for the best of them
FINISHERS = 2  # starts that may go on to the limit
HOPELESS = 30.0  # of ln p below the best, when half the patience is spent
NEAR = 1.0  # of ln p around a minimum, where its paraboloid tells whether another start is on the way to it
RIDGES = 2  # directions as wide as the prior along which others start from the best


def minimise(posterior: Posterior, starts: np.ndarray, jacobian: float, limit: int | None = None) -> list[Walk]:
    """The lowest points found from some starts [start, parameter] of the unbounded space, best first.

    Starts that run into a minimum that another one has found, or stay hopelessly above it, are left out. Most get
    `PATIENCE` gradients; the best go on to `LIMIT`. Where the best lies on a ridge as long as the prior is wide, more
    start along the ridge, to both sides.
    Arguments: jacobian — 1 for the density per unit of the unbounded space, whose minima lie inside; 0 for that per
    unit of the parameters; limit — gradients granted to each start in all.
    """
    ends = np.array([bounds(posterior.prior(path)) for path in posterior.paths]).reshape(-1, 2)
    frame = Frame(np.all(np.isfinite(ends), axis=1) & (jacobian == 0.0))
    slopes, size = slopes_of(posterior, jacobian), starts.shape[1]
    patience, most = (a + b * size if limit is None else limit for a, b in (PATIENCE, LIMIT))
    walks = [Walk.start(frame.of(start), frame) for start in starts]
    _together(walks, slopes, patience)
    _finish(walks, slopes, most)
    if ridge := _ridge(_sorted(walks)[0]):
        walks += ridge
        _together(walks, slopes, patience)
        _finish(walks, slopes, most)
    return _sorted(walks)


def _finish(walks: list[Walk], slopes: Slopes, limit: int) -> None:
    """The best go on, and the very best learns its curvature in any case."""
    best, *others = _sorted(walks)
    unfinished = [walk for walk in (best, *others) if walk.ask is not None and walk.value < best.value + NEAR]
    _together(walks, slopes, limit, unfinished[:FINISHERS])
    best = _sorted(walks)[0]
    if not best.converged and np.isfinite(best.value):
        best.way = curve(best)
        best.ask = next(best.way)
        _together([best], slopes, best.spent + 1)


def _ridge(best: Walk) -> list[Walk]:
    """Starts on both sides of a minimum along its flattest directions, where these are as wide as the prior."""
    if best.curvature is None or not np.any(best.free):
        return []
    free = best.free
    widths, axes = np.linalg.eigh(best.curvature[np.ix_(free, free)])
    sides = np.zeros((min(int(np.sum(widths < 1.0)), RIDGES), best.x.size))
    sides[:, free] = axes[:, : len(sides)].T
    return [Walk.start(best.frame.clip(best.x + sign * side), best.frame) for side in sides for sign in (1.0, -1.0)]


def _sorted(walks: Iterable[Walk]) -> list[Walk]:
    return sorted((walk for walk in walks if not walk.dropped), key=lambda walk: walk.value)


def _together(walks: list[Walk], slopes: Slopes, limit: int, chosen: list[Walk] | None = None) -> None:
    """Let the chosen among some walks (all, by default) go on until each has arrived, is left out, or has spent its
    limit of gradients."""
    chosen = walks if chosen is None else chosen
    while active := [walk for walk in chosen if walk.ask is not None and not walk.dropped and walk.spent < limit]:
        frame, x = active[0].frame, np.concatenate([walk.ask for walk in active if walk.ask is not None])
        values, gradients = slopes(frame.vector(x))
        gradients = gradients * frame.slope(x)
        for walk in active:
            size = len(walk.ask) if walk.ask is not None else 0
            walk.answer(values[:size], gradients[:size])
            values, gradients = values[size:], gradients[size:]
        _leave_out(walks, [walk for walk in active if walk.ask is not None and np.isfinite(walk.value)])


def _leave_out(walks: list[Walk], active: list[Walk]) -> None:
    """Drop the starts that are on their way to a minimum that is known, or that stay far above it."""
    for known in (walk for walk in walks if walk.converged):
        assert known.curvature is not None
        positive = upright(known.curvature)
        for walk in active:
            rise, step = walk.value - known.value, walk.x - known.x
            # How far from the paraboloid, as the depth of the minimum that the rest of the slope points to.
            rest = walk.slope - known.slope - known.curvature @ step
            same = -ENOUGH < rise < NEAR and 0.5 * rest @ np.linalg.solve(positive, rest) < ENOUGH + 0.1 * abs(rise)
            patience = PATIENCE[0] + PATIENCE[1] * len(step)
            walk.dropped |= bool(same or (rise > HOPELESS and walk.spent > 0.5 * patience))
