"""Releases that are not smooth: panels of nodes that end where what is released, κ or b jump."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcrc._types import Energy
from jaxcrc.numerics.breaks import close_in, most_abrupt
from jaxcrc.transport.kernels.cooling import past
from jaxcrc.transport.kernels.spread import History, Points, Spread, ends, rise_and_slope, spread_at

START = 1e-6  # as in `history_spread`, for laws that change at once
SAMPLES = 192  # places between which jumps are looked for
STEPS = 4  # of the release that are cut out, the highest first
PANELS, ORDER = 12, 12
_NOTHING = 1e-30  # of the largest release
_SIDES = 1e-6  # of the whole rise: how far from a jump its sides are told apart


def fine_spread(history: History) -> Spread:
    """What is left of a release that goes on, where its laws jump or change fast; otherwise as `history_spread`.

    Errors are 1e-3 or less for up to four steps of the release, in energy or in time, and four of κ or b, each farther
    from the others than a hundredth of the way from here to the birth of the source. Derivatives follow jumps at fixed
    energies and at fixed times since birth.
    """
    whole, born = history.oldest()
    whole = _until_nothing(history, whole, ends(whole, born, START))
    low, high = ends(whole, born, START)
    table, line = history.table, _line(low, high, SAMPLES)
    law = _logarithm(history, lambda v: rise_and_slope(v, whole)[0], line)
    index, _ = most_abrupt(jax.lax.stop_gradient(law(line)), STEPS)
    steps = close_in(law, *(jnp.take_along_axis(line, index + k, axis=1) for k in (0, 1)))
    rises = jnp.concatenate(
        [_moved(history, rise_and_slope(steps, whole)[0], whole), table.jump - table.x[:, None]], axis=1
    )
    inner = jnp.clip(_inverse(rises, whole), low, high[:, None])
    breaks = jnp.sort(jnp.concatenate([_line(low, high, PANELS + 1), inner], axis=1), axis=1)
    unit, gauss = (jnp.asarray(part, whole.dtype) for part in np.polynomial.legendre.leggauss(ORDER))
    half = 0.5 * jnp.diff(breaks, axis=1)[..., None]
    v = (breaks[:, :-1, None] + half * (1.0 + unit)).reshape(whole.size, -1)
    return spread_at(history, whole, low, high, v, (half * gauss).reshape(v.shape), v[:, :0])[0]


def _line(low: float, high: Energy, size: int) -> Points:
    return low + (high - low)[:, None] * jnp.linspace(0.0, 1.0, size, dtype=high.dtype)


def _inverse(rise: Points, whole: Energy) -> Points:
    """v at which y is a rise, kept from the ends."""
    whole = whole[:, None]
    rise = jnp.clip(rise, 1e-14 * whole, (1.0 - 1e-14) * whole)
    return jnp.log(jnp.expm1(rise)) - jnp.log(-jnp.expm1(rise - whole))


def _logarithm(history: History, rise_of: Callable[[Points], Points], line: Points) -> Callable[[Array], Array]:
    """ln of the release at places on a line, with a floor where nothing is released."""
    least = _NOTHING * jnp.max(history.at(rise_of(line))[2], axis=1, keepdims=True)
    least = jnp.maximum(least, jnp.finfo(least.dtype).tiny)
    return lambda v: jnp.log(jnp.maximum(history.at(rise_of(v))[2], least))


def _until_nothing(history: History, whole: Energy, span: tuple[float, Energy]) -> Energy:
    """The rise above which nothing is released, if there is one below Y."""
    line = rise_and_slope(_line(*span, SAMPLES), whole)[0]
    line = jax.lax.stop_gradient(jnp.concatenate([jnp.zeros_like(line[:, :1]), line], axis=1))
    law = _logarithm(history, lambda rise: rise, line)
    value = jax.lax.stop_gradient(law(line))
    dark = value <= jnp.min(value, axis=1, keepdims=True)
    lit = SAMPLES - jnp.argmax(~dark[:, ::-1], axis=1)[:, None]
    index = jnp.minimum(lit, SAMPLES - 1)
    place = close_in(law, *(jnp.take_along_axis(line, index + k, axis=1) for k in (0, 1)))
    ends_early = (lit < SAMPLES) & jnp.any(dark, axis=1, keepdims=True)
    return jnp.where(ends_early, _moved(history, place, whole), whole[:, None])[:, 0]


def _moved(history: History, rise: Points, whole: Energy) -> Points:
    """Rises at which the release jumps, with the derivatives of jumps at a fixed energy or a fixed time since birth."""
    rise, whole = jax.lax.stop_gradient((rise, whole))
    time, _ = past(history.table, rise)
    before = history.energy[:, None] * jnp.exp(rise)
    in_time = _jumps_in_time(history, rise, _SIDES * whole[:, None])
    slope = jax.lax.stop_gradient(before / history.loss(before))
    fixed = jax.lax.stop_gradient
    by_time = (history.age - time - fixed(history.age - time)) / slope
    by_energy = fixed(history.table.x) - history.table.x
    return rise + jnp.where(in_time, by_time, by_energy[:, None])


def _jumps_in_time(history: History, rise: Points, apart: Array) -> Array:
    """Whether it is the time, not the energy, across which the release jumps: the energy before with the time after."""
    near, far = (jnp.maximum(rise + sign * apart, 0.0) for sign in (-1.0, 1.0))
    energies = [history.energy[:, None] * jnp.exp(y) for y in (near, far)]
    since = [jnp.maximum(history.age - past(history.table, y)[0], 0.0) for y in (near, far)]
    before, across, after = (history.injection(energies[i], since[k]) for i, k in ((0, 0), (0, 1), (1, 1)))
    return jax.lax.stop_gradient(jnp.abs(across - after) < jnp.abs(across - before))
