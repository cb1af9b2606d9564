"""Diffusion along field lines that wander away from an axis: what regions on the sky and clouds hold of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Energy, Scalar
from jaxcrc.observe.chords import AbstractCut, Frame, joined, lines
from jaxcrc.transport.along import STEPS, AlongField, Square, in_ball
from jaxcrc.transport.homogeneous import column
from jaxcrc.transport.kernels.field import field_line_burst, line_spread
from jaxcrc.transport.kernels.safe import floor

_GRADED = np.concatenate([np.array([0.01, 0.05, 0.2]), STEPS])
_WINDOW = 4.5  # a Gaussian is followed for this many widths
_ORDER = 20
_FARTHEST = 6.5  # lengths √(4κt): where the light has faded away
_SHARP = 1e-5  # of the light's length: what is narrower is as wide


class Tied(AlongField):
    """Diffusion along field lines that wander, from a disc. Source: as `field_line_burst`.

    across — D_m of the lines [pc]; size — radius of the disc [pc].
    """

    across: Scalar
    size: Scalar | Energy

    def narrowest(self, reach: Scalar) -> Scalar:
        """The lines' width at that distance [pc]."""
        return jnp.sqrt(line_spread(reach, self.across, jnp.min(self.size)))

    def exponent(self, z: Array, rho: Array) -> Array:
        """z²/4κt."""
        return z**2 / (4.0 * self.kappa[:, None] * column(self.time)) + 0.0 * rho

    def burst(self, z: Array, rho: Array, look: Array) -> Array:
        """What lies at z, spread across it."""
        deep = (slice(None), *(None,) * (z.ndim - 1))
        size = self.size[deep] if self.size.ndim else self.size
        return field_line_burst(z, rho, look, self.kappa[deep], self.across, size)

    def seen(self, cut: AbstractCut, blur: Scalar) -> Float[Array, "energy bin"]:
        """What lies at each z is a Gaussian on the sky; lines across the axis cut those that reach them."""
        frame, (sine, cosine), spread = Frame(self.turn), (jnp.sin(self.slant), jnp.cos(self.slant)), 2.0 * blur**2

        def one(length: Scalar, size: Scalar) -> Float[Array, " bin"]:
            square = partial(line_spread, magnetic_diffusion=self.across, source_radius=size)
            scale = jnp.sqrt((length * sine) ** 2 + square(length) * cosine**2 + spread)
            # |s − z sin i| < as many widths as count; their square is core + growth |z|, and never quite nothing.
            core = square(0.0 * length) * cosine**2 + spread + (_SHARP * scale) ** 2
            growth = 4.0 * self.across * cosine**2
            narrow = jnp.sqrt(square(0.0 * length) + spread)
            place, step = lines(joined(cut.breaks(frame, narrow[None])[:, 0], scale, _GRADED))
            total = jnp.zeros_like(place)
            for side in (1.0, -1.0):
                z, dz = _reaching(side * place, length, sine, core, growth)
                slanted = core + growth * z
                exponent = (side * place[..., None] - z * sine) ** 2 / slanted + (z / length) ** 2
                light = jnp.exp(-jnp.minimum(exponent, 1e4)) / jnp.sqrt(slanted)
                caught = cut.caught(frame, jnp.broadcast_to(place[..., None], z.shape), square(z) + spread)
                total = total + jnp.sum(dz * light * caught, axis=-1)
            return jnp.sum(step * total, axis=-1) / (math.pi * length)

        return self._each(one).T

    def inside(self, shape: str, centre: Float[Array, "3"], size: Scalar) -> Energy:
        """By discs across the axis."""
        z, rho = self.beside(centre)
        reach = size if shape == "ball" else 6.0 * size
        near = z + reach * jnp.asarray([-1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0], z.dtype)

        def one(length: Scalar, disc: Scalar) -> Scalar:
            place, step = lines(joined(near, length, _GRADED))
            square = line_spread(place, self.across, disc)
            light = step * jnp.exp(-jnp.minimum((place / length) ** 2, 1e4)) / (math.sqrt(math.pi) * length)
            if shape == "ball":
                return in_ball(place - z, light, square, rho, size)
            spread = square + 2.0 * size**2
            gas = jnp.exp(-((place - z) ** 2) / (2.0 * size**2)) / (math.sqrt(2.0 * math.pi) * size)
            return jnp.sum(light * gas * jnp.exp(-jnp.minimum(rho**2 / spread, 1e4)) / (math.pi * spread))

        return self._each(one)

    def _each(self, one: Callable[[Scalar, Scalar], Array]) -> Float[Array, "*bin energy"]:
        """What a burst of some length from a disc of some size gives, for each energy."""
        # One at a time: many lines with many widths each.
        mapped = jax.checkpoint(lambda pair: one(*pair))

        def share(square: Square) -> Float[Array, "*bin point"]:
            sizes = jnp.broadcast_to(self.size, square.shape)
            return jnp.moveaxis(jax.lax.map(mapped, (jnp.sqrt(square), sizes)), 0, -1)

        return self.summed(share, each=self.size.ndim > 0)


def _reaching(
    place: Float[Array, "bin line"], length: Scalar, sine: Scalar, core: Scalar, growth: Scalar
) -> tuple[Float[Array, "bin line z"], Float[Array, "bin line z"]]:
    """z > 0 whose light falls on lines at s, and what they stand for: (s − z sin i)² < W² (core + growth z).

    They crowd towards the source, where widths grow as √z.
    """
    margin, slope = _WINDOW**2 * core, 0.5 * _WINDOW**2 * growth
    square = jnp.maximum(sine**2, 1e-12)
    middle = place * sine + slope
    root = jnp.sqrt(jnp.maximum(slope * (slope + 2.0 * place * sine) + square * margin, floor(place)))
    far = _FARTHEST * length
    low, high = (jnp.clip((middle + sign * root) / square, 0.0, far) for sign in (-1.0, 1.0))
    x, weight = (jnp.asarray(part, place.dtype) for part in np.polynomial.legendre.leggauss(_ORDER))
    x, weight = 0.5 * (1.0 + x), 0.5 * weight
    reach = (high - low)[..., None]
    return low[..., None] + reach * x * x, reach * 2.0 * x * weight
