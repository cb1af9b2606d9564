"""Where a table looks at something round, or at what is the same everywhere."""

from __future__ import annotations

import math

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Node, Position
from jaxcrc.numerics.quadrature import chebyshev_weights
from jaxcrc.responses.base import AbstractResponse, Where, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene
from jaxcrc.units import PC_PER_KPC


class Centre(eqx.Module):
    """Directions of a round table's basis for a component whose place is not fixed.

    The matrix depends on the arc ϱ between the component and the table's centre, as a smooth function of the square of
    its chord. place — offset (north, east) of the table from the nominal source [deg]; span — least and largest ϱ
    [deg].
    """

    component: str = eqx.field(static=True)

    place: tuple[float, float] = eqx.field(static=True)
    span: tuple[float, float] = eqx.field(static=True)
    order: int = eqx.field(static=True)

    def weight(self, scene: Scene) -> Float[Array, " basis"]:
        """Chebyshev weights of the squared chord."""
        view, own = scene.view, scene.components[self.component].place
        here = jnp.stack([view.offset_north + own.north, view.offset_east + own.east])
        there = jnp.asarray(self.place, here.dtype)
        square = jnp.sum((_direction(here) - _direction(there)) ** 2)
        low, high = (squared_chord(end) for end in self.span)
        return chebyshev_weights(square, low, high, self.order)


def squared_chord(arc: float) -> float:
    """Square of the chord of an arc [deg] on the unit sphere."""
    return 4.0 * math.sin(0.5 * math.radians(arc)) ** 2


def _direction(place: Float[Array, "2"]) -> Float[Array, "3"]:
    """Unit vector of a place (north, east) [deg]; 1 − cos ρ for its component along the line of sight."""
    flat = jnp.deg2rad(place)
    arc = jnp.sqrt(jnp.maximum(jnp.sum(flat**2), 1e-12))  # the root has no slope at the source itself
    return jnp.append(flat * (jnp.sin(arc) / arc), 2.0 * jnp.sin(0.5 * arc) ** 2)


class Round(AbstractResponse):
    """A table that looks at something round: through annuli, a circle or a box.

    Nodes are fixed in units of the distance (r/d), so that the distance only scales positions and the result by its
    `power`: 1 for light, which a longer line of sight adds to, 0 for a density.
    """

    angle: Node
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: Where = eqx.field(static=True)
    power: int = eqx.field(static=True, default=1)
    psf_span: tuple[float, float] | None = eqx.field(static=True, default=None)
    centre: Centre | None = None

    def position(self, scene: Scene) -> Position:
        """(d r/d, 0, 0) [pc], d being the distance from us to the components."""
        radius = scene.distance(self.channels[0].component) * self.angle
        return radius[:, None] * jnp.eye(1, 3, dtype=self.angle.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """d^power [kpc^power] times the weights of the PSF's width and of the components' place."""
        distance = scene.distance(self.channels[0].component) / PC_PER_KPC
        size, scale = self.projection.shape[0], distance**self.power
        if self.centre is None:
            return scale * bend(nuisance.psf_scale, self.psf_span, size)
        by_place = self.centre.weight(scene)
        by_psf = bend(nuisance.psf_scale, self.psf_span, size // by_place.shape[0])
        return scale * jnp.outer(by_psf, by_place).ravel()


class Column(AbstractResponse):
    """A table that looks through the sea: uniform gas of depth `view.gas_depth` [pc]."""

    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: Where = eqx.field(static=True)

    def position(self, scene: Scene) -> Position:
        """One node: the sea is the same everywhere."""
        return jnp.zeros((1, 3), self.projection.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Depth of the gas [kpc], as the projection of a halo counts it."""
        return jnp.atleast_1d(scene.view.gas_depth / PC_PER_KPC)
