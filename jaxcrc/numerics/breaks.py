"""Where a function jumps: the steepest places between its samples, closed in upon without knowing the function."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

_PARTS, _ROUNDS = 16, 9  # each round keeps a sixteenth: 1e-11 in all


def abruptness(value: Float[Array, "*batch point"]) -> Float[Array, "*batch interval"]:
    """How much more (or less) a function changes between two samples than on either side: of a jump, its height.

    Zero where a neighbour changes more abruptly still.
    """
    change = jnp.diff(value, axis=-1)
    padded = jnp.concatenate([change[..., :1], change, change[..., -1:]], axis=-1)
    excess = jnp.abs(change - 0.5 * (padded[..., :-2] + padded[..., 2:]))
    around = jnp.pad(excess, [(0, 0)] * (excess.ndim - 1) + [(1, 1)])
    return jnp.where(excess >= jnp.maximum(around[..., :-2], around[..., 2:]), excess, 0.0)


def most_abrupt(value: Float[Array, "*batch point"], count: int) -> tuple[Int[Array, "*batch few"], Array]:
    """The intervals between samples in which a function is most abrupt, and how abrupt it is there."""
    height, index = jax.lax.top_k(abruptness(value), count)
    return index, height


def close_in(
    law: Callable[[Array], Array], low: Float[Array, "*batch few"], high: Float[Array, "*batch few"]
) -> Float[Array, "*batch few"]:
    """Where a function jumps inside each of a few intervals: the steepest of sixteen parts, again and again.

    Arguments: law — of points [..., point], the function there. Its derivatives are not followed.
    Validity: one jump in an interval; where there is none, some place in it.
    """
    unit = jnp.linspace(0.0, 1.0, _PARTS + 1, dtype=low.dtype)

    def closer(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        start, stop = ends
        point = start[..., None] + (stop - start)[..., None] * unit
        value = jax.lax.stop_gradient(law(point.reshape(*start.shape[:-1], -1))).reshape(point.shape)
        index = jnp.argmax(jnp.abs(jnp.diff(value, axis=-1)), axis=-1)[..., None]
        left = jnp.take_along_axis(point, index, axis=-1)[..., 0]
        return left, jnp.take_along_axis(point, index + 1, axis=-1)[..., 0]

    start, stop = jax.lax.fori_loop(0, _ROUNDS, closer, jax.lax.stop_gradient((low, high)))
    return 0.5 * (start + stop)


def choose(condition: Array, yes: Callable[[], Array], no: Callable[[], Array]) -> Array:
    """The result of one of two functions, of which only that one is run, unless conditions are batched."""
    if isinstance(condition, jax.core.Tracer):
        return jax.lax.cond(condition, yes, no)
    return yes() if condition else no()
