"""Regions on the sky cut by parallel lines, for light that may be thin: Gaussian across an axis, anything along it.

A line at the place s along the axis meets a region between the ends of its chords, across the axis; what a Gaussian
has between them is known in closed form. So only s is left to quadrature, whose panels end where chords begin, end or
pass the axis, and close in on the light. Everything may be traced: regions may move, light may narrow.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import erf, erfc
from jaxtyping import Float

from jaxcrc._types import Scalar

ORDER = 8  # nodes on each panel
LEVELS = (-2.5, -0.9, 0.0, 0.9, 2.5)  # widths across the axis at which panels end

Chord = tuple[Float[Array, "*batch"], Float[Array, "*batch"]]


class Frame(NamedTuple):
    """An axis on the sky: its direction [rad], from north to east."""

    turn: Scalar

    def turned(self, north: Array, east: Array) -> tuple[Array, Array]:
        """Along the axis and across it."""
        cosine, sine = jnp.cos(self.turn), jnp.sin(self.turn)
        return north * cosine + east * sine, east * cosine - north * sine


def lines(breaks: Float[Array, "*batch break"]) -> tuple[Float[Array, "*batch line"], Float[Array, "*batch line"]]:
    """Places along the axis and what they stand for, between breaks in any order.

    Nodes crowd at the breaks, s ∝ x²(3 − 2x), which takes the roots with which chords begin there.
    """
    x, weight = (jnp.asarray(part, breaks.dtype) for part in np.polynomial.legendre.leggauss(ORDER))
    x, weight = 0.5 * (1.0 + x), 0.5 * weight
    ends = jnp.sort(breaks, axis=-1)
    length = jnp.diff(ends)[..., None]
    place = ends[..., :-1, None] + length * x * x * (3.0 - 2.0 * x)
    step = length * 6.0 * x * (1.0 - x) * weight
    return place.reshape(*place.shape[:-2], -1), step.reshape(*place.shape[:-2], -1)


def joined(
    breaks: Float[Array, "*batch break"], width: Float[Array, "*#batch"], steps: np.ndarray
) -> Float[Array, "*batch all"]:
    """Breaks of bins, and those of a light of some width within them: panels beyond a bin have no length."""
    both = jnp.asarray(np.concatenate([-steps[::-1], np.zeros(1), steps]), width.dtype)
    low, high = (f(breaks, axis=-1, keepdims=True) for f in (jnp.min, jnp.max))
    return jnp.concatenate([breaks, jnp.clip(width[..., None] * both, low, high)], axis=-1)


def between(low: Float[Array, "*batch"], high: Float[Array, "*batch"], square: Array) -> Float[Array, "*batch"]:
    """Share of exp(−p²/square) between low and high; no digits are lost in its tails."""
    turned = low + high < 0.0
    low, high = jnp.where(turned, -high, low), jnp.where(turned, -low, high)
    scale = 1.0 / jnp.sqrt(square)
    near, far = erfc(jnp.abs(low) * scale), erfc(high * scale)
    return 0.5 * (jnp.where(low > 0.0, near, 2.0 - near) - far)


class AbstractCut(eqx.Module):
    """Bins as lines across an axis cut them; lengths in any one unit."""

    @abstractmethod
    def breaks(self, frame: Frame, width: Float[Array, " energy"]) -> Float[Array, "bin energy break"]:
        """Places along the axis at which chords begin, end or bend, or pass light that is so wide across the axis."""

    @abstractmethod
    def caught(self, frame: Frame, place: Float[Array, "bin ..."], square: Array) -> Float[Array, "bin ..."]:
        """Share of the light of a line at a place that each bin catches, spread across the axis as exp(−p²/square)."""

    @abstractmethod
    def scaled(self, factor: Scalar, shift: Float[Array, "2"]) -> AbstractCut:
        """The bins in another unit, their centre moved by (north, east) in that unit."""


class Rings(AbstractCut):
    """Rings around a common centre (north, east); circles where they begin at 0."""

    centre: Float[Array, "2"]
    inner: Float[Array, " bin"]
    outer: Float[Array, " bin"]

    def breaks(self, frame: Frame, width: Float[Array, " energy"]) -> Float[Array, "bin energy break"]:
        """Ends of both circles, and where they pass the light."""
        along, across = frame.turned(*self.centre)
        radii = jnp.stack([self.inner, self.outer])[:, :, None]
        passed = [_root(radii**2 - (across - step * width) ** 2) for step in LEVELS]
        halves = jnp.stack([radii + 0.0 * width, *passed], axis=-1)
        return along + jnp.concatenate([*halves, *-halves], axis=-1)

    def caught(self, frame: Frame, place: Float[Array, "bin ..."], square: Array) -> Float[Array, "bin ..."]:
        """The outer circle's share without the inner's."""
        along, across = frame.turned(*self.centre)
        found = []
        for radius in (self.inner, self.outer):
            half = _root(radius.reshape(-1, *(1,) * (place.ndim - 1)) ** 2 - (place - along) ** 2)
            found.append(between(across - half, across + half, square))
        return found[1] - found[0]

    def scaled(self, factor: Scalar, shift: Float[Array, "2"]) -> Rings:
        """Larger rings, moved."""
        return Rings(centre=factor * self.centre + shift, inner=factor * self.inner, outer=factor * self.outer)


class Rectangle(AbstractCut):
    """A box: its centre (north, east), half its sides, and the direction of its height, from north to east [rad]."""

    centre: Float[Array, "2"]
    half: Float[Array, "2"]
    angle: Scalar

    def _sides(self, frame: Frame) -> tuple[Array, Array]:
        """Directions [side, 2] of width and height along and across the axis."""
        turn = self.angle - frame.turn
        height = jnp.stack([jnp.cos(turn), jnp.sin(turn)])
        return jnp.stack([jnp.stack([-height[1], height[0]]), height]), jnp.stack(frame.turned(*self.centre))

    def breaks(self, frame: Frame, width: Float[Array, " energy"]) -> Float[Array, "bin energy break"]:
        """Corners, and where sides pass the light."""
        sides, centre = self._sides(frame)
        signs = np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)])
        corners = centre + (jnp.asarray(signs, sides.dtype) * self.half) @ sides
        begin, end = corners, jnp.roll(corners, -1, axis=0)
        rise = end[:, 1] - begin[:, 1]
        level = jnp.asarray(LEVELS, width.dtype)[:, None] * width[:, None, None]  # [energy, level, side]
        share = jnp.clip((level - begin[:, 1]) / jnp.where(rise == 0.0, 1.0, rise), 0.0, 1.0)
        passed = begin[:, 0] + share * (end[:, 0] - begin[:, 0])
        fixed = jnp.broadcast_to(corners[:, 0], (width.size, 4))
        return jnp.concatenate([fixed, passed.reshape(width.size, -1)], axis=-1)[None]

    def caught(self, frame: Frame, place: Float[Array, "bin ..."], square: Array) -> Float[Array, "bin ..."]:
        """Between the later of two entries and the earlier of two exits."""
        sides, centre = self._sides(frame)
        low, high = [], []
        for side, half in zip(sides, self.half, strict=True):
            steep = jnp.where(jnp.abs(side[1]) < 1e-12, 1e-12, side[1])
            middle, reach = -(place - centre[0]) * side[0] / steep, jnp.abs(half / steep)
            low.append(middle - reach)
            high.append(middle + reach)
        begin, end = jnp.maximum(*low), jnp.minimum(*high)
        end = jnp.maximum(begin, end)
        return between(centre[1] + begin, centre[1] + end, square)

    def scaled(self, factor: Scalar, shift: Float[Array, "2"]) -> Rectangle:
        """A larger box, moved."""
        return Rectangle(centre=factor * self.centre + shift, half=factor * self.half, angle=self.angle)


def _root(square: Array) -> Array:
    """√x, 0 below, with a slope of 0 there."""
    positive = square > 0.0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


def gaussian_in_disc(distance: Array, radius: Array, square: Array) -> Float[Array, "*batch"]:
    """Share of a round Gaussian exp(−ϱ²/square) inside discs whose centres lie beside it.

    Equation: ∫ e^{−(y−ϱ)²/w²}/(√π w) erf(√(R² − y²)/w) dy over |y| < R.
    Arguments: distance — ϱ of the centre; radius — R of the disc; square — w².
    """
    distance, radius, square = jnp.broadcast_arrays(distance, radius, square)
    width = jnp.sqrt(square)
    near = [jnp.clip(distance + step * width, -radius, radius) for step in (-4.5, -1.5, 0.0, 1.5, 4.5)]
    thin = [_root(radius**2 - (step * width) ** 2) for step in (0.9, 2.5)]
    across, step = lines(jnp.stack([-radius, *(-end for end in thin), *near, *thin, radius], axis=-1))
    half = _root(radius[..., None] ** 2 - across**2)
    light = jnp.exp(-((across - distance[..., None]) ** 2) / square[..., None]) * erf(half / width[..., None])
    return jnp.sum(step * light, axis=-1) / (math.sqrt(math.pi) * width)


def common_area(distance: Array, radius: Array, other: Array) -> Float[Array, "*batch"]:
    """Area that two discs have in common, whose centres lie at a distance [length²]."""
    distance = jnp.maximum(distance, 1e-9 * (radius + other))
    first = (distance**2 + radius**2 - other**2) / (2.0 * distance * radius)
    second = (distance**2 + other**2 - radius**2) / (2.0 * distance * other)
    sides = (radius + other - distance) * (distance + radius - other) * (distance - radius + other)
    lens = sides > 0.0
    first, second = (jnp.where(lens, jnp.clip(x, -1.0, 1.0), 0.0) for x in (first, second))
    triangle = 0.5 * _root(jnp.where(lens, sides * (distance + radius + other), 0.0))
    cut = radius**2 * jnp.arccos(first) + other**2 * jnp.arccos(second) - triangle
    smaller = math.pi * jnp.minimum(radius, other) ** 2
    return jnp.where(lens, cut, jnp.where(distance < jnp.maximum(radius, other), smaller, 0.0))
