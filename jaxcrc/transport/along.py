"""Cosmic rays around an axis, Gaussian across it: what regions on the sky and clouds hold of them, however thin.

n(z, ϱ) = Σ g(z) exp(−ϱ²/w²(z))/πw²(z), z along the axis, ϱ across it; a sum over times where a release goes on.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from jaxcrc._types import Bits, Energy, Position, Scalar
from jaxcrc.numerics.interpolate import spline_coefficients, spline_weights
from jaxcrc.observe.chords import AbstractCut, Frame, gaussian_in_disc, joined, lines
from jaxcrc.source.release import AbstractHistory
from jaxcrc.transport.base import AxialField
from jaxcrc.transport.homogeneous import column
from jaxcrc.transport.kernels.history import look_back, released
from jaxcrc.transport.kernels.safe import floor, squared

STEPS = np.array([0.7, 1.6, 2.7, 4.0, 5.5])  # of a Gaussian's width: panels
_FIRST = 4e-5  # r²/4κt of the earliest look-back time: 1e-6 of the age
_FEW, _MANY, _MARGIN = 64, 160, 5  # points of a table of shares, for a burst and for all look-back times; its margin
DARK = 1e-12  # of a particle: what no light comes from

Square: TypeAlias = Float[Array, " point"]
Share: TypeAlias = Callable[[Square], Float[Array, "*bin point"]]


def axis(slant: Scalar, turn: Scalar) -> Float[Array, "3"]:
    """Unit vector along the field in the frame of positions: north, east, away from us.

    Arguments: slant — to the line of sight; turn — on the sky, from north to east [rad].
    """
    across = jnp.sin(slant)
    return jnp.stack([across * jnp.cos(turn), across * jnp.sin(turn), jnp.cos(slant)])


class AlongField(AxialField):
    """A burst, or a release that goes on, around an axis.

    amplitude — particles [GeV⁻¹ cm⁻³ pc³], of a history for each per kyr; time — since the release [kyr];
    kappa — along the axis [pc² kyr⁻¹]; slant, turn — of the axis [rad]; feeds — energies that the data see.
    """

    amplitude: Energy
    time: Scalar | Energy
    history: AbstractHistory | None
    kappa: Energy
    slant: Scalar
    turn: Scalar
    feeds: Bool[Array, " energy"]
    status: Bits

    @abstractmethod
    def burst(self, z: Array, rho: Array, look: Array) -> Array:
        """Density of a burst [pc⁻³] at z and ϱ [pc] after a time [kyr]: [energy, node], times may be a last axis."""

    @abstractmethod
    def exponent(self, z: Array, rho: Array) -> Array:
        """How far beyond the front of a burst of its age: the exponent there."""

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        direction = axis(self.slant, self.turn)
        along = position @ direction
        beside = position - along[:, None] * direction
        square = jnp.sum(beside**2, axis=-1)
        # On the axis itself the root has no slope.
        rho = jnp.where(square > 0.0, jnp.sqrt(jnp.where(square > 0.0, square, 1.0)), 0.0)
        z, rho, time = along[None, :], rho[None, :], column(self.time)
        if self.history is None:
            return self.amplitude[:, None] * self.burst(z, rho, time)
        duration, clustering = self.history.duration(), self.history.clustering()
        each = lambda look: self.burst(z[..., None], rho[..., None], look)  # noqa: E731
        exponent = self.exponent(z, rho)
        return self.amplitude[:, None] * released(each, self.history.rate, exponent, time, duration, clustering)

    @abstractmethod
    def seen(self, cut: AbstractCut, blur: Scalar) -> Float[Array, "energy bin"]:
        """Particles whose light falls into each bin [GeV⁻¹ cm⁻³ pc³], in gas that is the same everywhere.

        Arguments: cut — lengths in pc; blur — width per axis of a Gaussian PSF [pc].
        """

    def beside(self, centre: Float[Array, "3"]) -> tuple[Scalar, Scalar]:
        """z and ϱ of a point [pc]; nothing lies nearer to the axis than 1e-9 of its distance."""
        along = centre @ axis(self.slant, self.turn)
        square = jnp.sum(centre**2)
        return along, jnp.sqrt(jnp.maximum(square - along**2, 1e-18 * square + floor(square)))

    def summed(self, share: Share, each: bool = False) -> Float[Array, "*bin energy"]:
        """A share of a burst, summed over the look-back times of a release that goes on, and times the amplitude.

        Arguments: share — of a particle of a burst, by its R_d² = 4κt [pc²] alone; each — of every energy by itself.
        """
        old = self.time > 0.0
        time = jnp.where(old, self.time, 1.0)
        if self.history is None:
            square = squared(time, self.kappa)[1]
            found = tabled(share, square, square.size if each else _FEW)
        else:
            first = jnp.asarray(_FIRST, time.dtype)
            look, since, weight = look_back(first, time, self.history.duration(), self.history.clustering())
            found = tabled(share, squared(look, self.kappa[:, None])[1], _MANY) @ (weight * self.history.rate(since))
        return jnp.where(old, self.amplitude, 0.0) * found


def tabled(share: Share, square: Float[Array, "*batch"], points: int) -> Float[Array, "*bin *batch"]:
    """A share at many R_d², by cubic splines of its logarithm through a few of them where these are fewer."""
    if square.size <= points:
        found = share(square.ravel())
        return found.reshape(*found.shape[:-1], *square.shape)
    wanted = jnp.log(square)
    low, high = jax.lax.stop_gradient((jnp.min(wanted), jnp.max(wanted)))
    step = (high - low + 1e-3) / (points - 1 - 2 * _MARGIN)
    begin = low - _MARGIN * step
    # The splines are flat at their ends, which are kept away from what is asked for.
    values = share(jnp.exp(begin + step * jnp.arange(points)))
    coefficients = jnp.log(jnp.maximum(values, 0.0) + DARK) @ jnp.asarray(_spline(points).T, wanted.dtype)
    weight = spline_weights((wanted - begin) / step, 0.0, points - 1.0, points)
    return jnp.exp(jnp.tensordot(coefficients, weight, axes=(-1, -1))) - DARK


@lru_cache
def _spline(points: int) -> np.ndarray:
    return spline_coefficients(np.eye(points))


class Spreading(AlongField):
    """Anisotropic diffusion from a point. Source: as `anisotropic_burst`. ratio — κ_⊥/κ_∥."""

    ratio: Scalar

    def narrowest(self, reach: Scalar) -> Scalar:
        """The lesser of both widths of the oldest particles [pc]."""
        square = squared(self.time, self.kappa)[1] * jnp.minimum(self.ratio, 1.0)
        return jnp.sqrt(jnp.min(jnp.where(self.feeds, square, jnp.inf)))

    def exponent(self, z: Array, rho: Array) -> Array:
        """z²/4κ_∥t + ϱ²/4κ_⊥t."""
        return (z**2 + rho**2 / self.ratio) / (4.0 * self.kappa[:, None] * column(self.time))

    def burst(self, z: Array, rho: Array, look: Array) -> Array:
        """The product of three Gaussians."""
        idle, along = squared(look, self.kappa[(slice(None), *(None,) * (z.ndim - 1))])
        centre = jnp.where(idle, 0.0, math.pi**-1.5 / jnp.sqrt(along) / along / self.ratio)
        return centre * jnp.exp(-jnp.minimum((z**2 + rho**2 / self.ratio) / along, 1e4))

    def seen(self, cut: AbstractCut, blur: Scalar) -> Float[Array, "energy bin"]:
        """A Gaussian on the sky, cut by lines across its axis."""
        frame, (sine, cosine) = Frame(self.turn), (jnp.sin(self.slant), jnp.cos(self.slant))

        def share(along: Square) -> Float[Array, "bin point"]:
            across = along * self.ratio
            length, wide = along * sine**2 + across * cosine**2 + 2.0 * blur**2, across + 2.0 * blur**2
            place, step = lines(joined(cut.breaks(frame, jnp.sqrt(wide)), jnp.sqrt(length), STEPS))
            light = jnp.exp(-(place**2) / length[:, None]) / jnp.sqrt(math.pi * length)[:, None]
            caught = cut.caught(frame, place, wide[:, None])
            return jnp.sum(step * light * caught, axis=-1)

        return self.summed(share).T

    def inside(self, shape: str, centre: Float[Array, "3"], size: Scalar) -> Energy:
        """In closed form through a Gaussian cloud, by discs through a ball."""
        z, rho = self.beside(centre)

        def gaussian(square: Square) -> Square:
            along, across = square + 2.0 * size**2, square * self.ratio + 2.0 * size**2
            exponent = jnp.minimum(z**2 / along + rho**2 / across, 1e4)
            return jnp.exp(-exponent) / (math.pi**1.5 * jnp.sqrt(along) * across)

        def ball(along: Square) -> Square:
            across, width = along * self.ratio, jnp.sqrt(along)
            ends = jnp.broadcast_to(jnp.stack([z - size, z + size]), (width.size, 2))
            place, step = lines(joined(ends, width, STEPS))
            light = jnp.exp(-(place**2) / along[:, None]) / (math.sqrt(math.pi) * width[:, None])
            return in_ball(place - z, step * light, across[:, None] + 0.0 * place, rho, size)

        return self.summed({"gaussian": gaussian, "ball": ball}[shape])


def in_ball(
    beside: Float[Array, "*energy line"],
    light: Float[Array, "*energy line"],
    square: Float[Array, "*energy line"],
    rho: Scalar,
    size: Scalar,
) -> Float[Array, "*energy"]:
    """Mean over a ball of what lies on discs across the axis.

    Arguments: beside — places of the discs from the ball's centre [pc]; light — what lies there [pc⁰]; square — its
    squared width [pc²]; rho — how far the ball's centre lies from the axis; size — the ball's radius [pc].
    """
    disc = jnp.sqrt(jnp.maximum(size**2 - beside**2, 1e-12 * size**2))
    share = gaussian_in_disc(rho, disc, square)
    return 0.75 / math.pi * jnp.sum(light * share, axis=-1) / size**3
