"""Half-life of a cloud in scaled time, with its batching and its derivative.

A batch is marched side by side with the batch as the last axis. The derivative with respect to the dimensionless
numbers is taken once, in reverse, and handed to either mode: however many parameters lie behind the numbers, and in
forward mode too, it costs the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc.numerics.march import fraction_time
from jaxcrc.transport.cloud.tube import DEFAULT_RESOLUTION, Mesh, Numbers, Record, Resolution, Tube, march_tube

Scalar = Float[Array, "*batch"]

PIECE = 64  # clouds whose derivatives are taken together on a CPU


class HalfLife(eqx.Module):
    """Scaled half-life, and 1 if it was reached or 0 if not (then the time is where the march ended)."""

    time: Scalar
    reached: Scalar


def half_time(record: Record) -> tuple[Scalar, Array]:
    """(scaled time at which half of the particles have left |x| < 1, whether it was reached)."""
    return fraction_time(0.5, record.lost, record.rate, record.time)


def _side_by_side(numbers: Numbers, resolution: Resolution) -> HalfLife:
    tube = Tube(numbers, Mesh.of(resolution, numbers.coupling))
    record = march_tube(tube, resolution)
    time, reached = half_time(record)
    return HalfLife(time, reached.astype(time.dtype))


def _value_and_slope(numbers: Numbers, resolution: Resolution) -> tuple[HalfLife, Numbers]:
    def total(n: Numbers) -> tuple[Array, HalfLife]:
        result = _side_by_side(n, resolution)
        return jnp.sum(result.time), result

    (_, result), slope = jax.value_and_grad(total, has_aux=True)(numbers)
    return result, slope


def _in_pieces(numbers: Numbers, resolution: Resolution) -> tuple[HalfLife, Numbers]:
    """`_value_and_slope`, for a large batch on a CPU piece by piece: what a reverse pass keeps then fits the caches.

    Members of a piece lie a stride apart, so that a batch spread over devices stays spread.
    """
    size = numbers.coupling.size
    if size <= PIECE or size % PIECE:
        return _value_and_slope(numbers, resolution)

    def pieces(numbers: Numbers) -> tuple[HalfLife, Numbers]:
        columns = jax.tree.map(lambda x: x.reshape(PIECE, -1).T, numbers)
        out = jax.lax.map(lambda n: _value_and_slope(n, resolution), columns)
        return jax.tree.map(lambda x: x.T.reshape(-1), out)

    return jax.lax.platform_dependent(numbers, cpu=pieces, default=lambda n: _value_and_slope(n, resolution))


def _flattened(function: Callable[[Numbers, Resolution], Any], resolution: Resolution) -> Callable[[Numbers], Any]:
    """`function` for numbers of any shape, its batching replaced by marching side by side."""

    @jax.custom_batching.custom_vmap
    def call(numbers: Numbers) -> Any:
        shape = numbers.coupling.shape
        flat = numbers if shape == () else jax.tree.map(lambda x: x.reshape(-1), numbers)
        return jax.tree.map(lambda x: x.reshape(shape), function(flat, resolution))

    @call.def_vmap
    def batched(size: int, is_batched: Any, numbers: Numbers) -> tuple[Any, Any]:
        def spread(x: Array, mapped: bool) -> Array:
            return x if mapped else jnp.broadcast_to(x, (size, *x.shape))

        leaves, tree = jax.tree.flatten(numbers)
        mapped = jax.tree.leaves(is_batched)
        out = call(jax.tree.unflatten(tree, [spread(x, m) for x, m in zip(leaves, mapped, strict=True)]))
        return out, jax.tree.map(lambda _: True, out)

    return call


def half_life_and_slope(numbers: Numbers, resolution: Resolution) -> tuple[HalfLife, Numbers]:
    """The scaled half-life and its derivatives by the numbers, from one march there and one back."""
    return _flattened(_in_pieces, resolution)(numbers)


@functools.lru_cache(maxsize=64)
def _solver(resolution: Resolution) -> Callable[[Numbers], HalfLife]:
    value, value_and_slope = (_flattened(f, resolution) for f in (_side_by_side, _in_pieces))

    @jax.custom_jvp
    def solve(numbers: Numbers) -> HalfLife:
        return value(numbers)

    @solve.defjvp
    def solve_jvp(primals: tuple[Numbers], tangents: tuple[Numbers]) -> tuple[HalfLife, HalfLife]:
        result, slope = value_and_slope(primals[0])
        change = sum(g * t for g, t in zip(jax.tree.leaves(slope), jax.tree.leaves(tangents[0]), strict=True))
        return result, HalfLife(change, jnp.zeros_like(change))

    return solve


def scaled_half_life(numbers: Numbers, resolution: Resolution = DEFAULT_RESOLUTION) -> HalfLife:
    """Time, in units of a²/κ₀, until half of the particles have left |z| < a. Leaves of `numbers` must share one
    shape.
    """
    return _solver(resolution)(numbers)
