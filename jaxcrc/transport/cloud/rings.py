"""How much of a flux tube lies within a circle on the sky, for rays that start at the observer."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcrc.numerics.interpolate import monotone_cubic


def lean(axis: Array) -> tuple[Array, Array]:
    """sin i and cos i of a tube; one within a degree of the line of sight is taken to lie at one."""
    return jnp.maximum(jnp.sqrt(axis[0] ** 2 + axis[1] ** 2), math.radians(1.0)), axis[2]


def content(face: Array, log_density: Array, nearness: Array, slant: Array, cosine: Array) -> Array:
    """∫ n d²/s² dz from the middle of the tube to its faces: light by distance s² = d² + 2 d z cos i + z².

    The integral of d²/s² alone is the angle by which the axis turns, over sin i.
    Arguments: nearness — 1/d; slant — sin i; cosine — cos i, the other way for the near side.
    """
    rate = jnp.where(nearness > 0.0, nearness, 1.0) * slant
    turned = jnp.arctan2(rate * face, 1.0 + nearness * face * cosine) / rate
    place = jnp.where(nearness > 0.0, turned, face)
    steps = jnp.exp(log_density) * jnp.diff(place)
    return jnp.concatenate([jnp.zeros_like(face[:1]), jnp.cumsum(steps)])


def within(edge: Array, radius: Array, axis: Array, nearness: Array, face: Array, sides: list[Array]) -> Array:
    """What lies nearer to the remnant's centre on the sky than `edge`, its tangent times the distance.

    Places in the tube are (x, y, z): x across on the sky, y across and in depth, z along, between the ends where
    x² + (z sin i − y cos i)² = edge² (1 + (z cos i + y sin i)/d)².
    """
    slant, cosine = lean(axis)
    (angle, step), (depth, share) = (np.polynomial.legendre.leggauss(n) for n in (14, 6))
    angle, step = 0.5 * np.pi * angle, 0.5 * np.pi * step
    widest = jnp.minimum(radius, edge)
    x = widest * jnp.asarray(np.sin(angle), edge.dtype)[:, None]
    half = jnp.sqrt(jnp.maximum(radius**2 - x**2, 1.0e-16))
    y = half * jnp.asarray(depth, edge.dtype)
    middle = 1.0 + nearness * y * slant
    square = slant**2 - (nearness * edge * cosine) ** 2
    linear = cosine * (slant * y + nearness * edge**2 * middle)
    inner = (y * cosine) ** 2 + x**2 - (edge * middle) ** 2
    between = linear**2 - square * inner
    root = jnp.sqrt(jnp.maximum(between, 1.0e-16))
    far = jnp.where(linear < 0.0, linear - root, linear + root)
    # A tube that points at us (or away) more closely than the edge stays in view to its own end.
    second = jnp.where(square > 1.0e-8, far / jnp.where(square > 1.0e-8, square, 1.0), jnp.sign(far) * face[-1])
    first = jnp.where(between > 0.0, inner / far, second)
    light = _up_to(jnp.maximum(first, second), face, sides) - _up_to(jnp.minimum(first, second), face, sides)
    area = widest * jnp.asarray(np.cos(angle) * step, edge.dtype)[:, None] * half
    return jnp.sum(area * jnp.asarray(share, edge.dtype) * light)


def _up_to(z: Array, face: Array, sides: list[Array]) -> Array:
    """The content of the tube from its middle to a place, negative on the near side."""
    near, far = (monotone_cubic(face, side, jnp.abs(z)) for side in sides)
    return jnp.where(z < 0.0, -near, far)
