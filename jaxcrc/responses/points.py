"""Where a table looks at what is not round: points on the sky, and on the line of sight through each."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from functools import reduce

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Position
from jaxcrc.responses.base import AbstractResponse, Nodes, Where, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene
from jaxcrc.transport.base import AbstractField, Status, flag
from jaxcrc.units import PC_PER_KPC

# The sum over N points on a circle of a Gaussian of width w is off by 2 exp(−N²w²/4r²): 1e-3 at 0.85 of their distance.
APART = 0.85


class Points(AbstractResponse):
    """A table that looks at anything: annuli, a circle or a box, its points fixed in angle [rad] around its
    components.

    foot, along — [sky, 3] where each line of sight passes the components, seen from them, and its direction (north,
    east, away); depth, length — points on it [sky, depth] and what they stand for; all in distances from us. The
    projection's nodes are the points on the sky; outer — how far the bins reach; spacing — of points there.
    """

    foot: Float[Array, "sky 3"]
    along: Float[Array, "sky 3"]
    depth: Float[Array, "sky depth"]
    length: Float[Array, "sky depth"]
    projection: Float[Array, "basis row bin sky"]
    outer: Float[Array, ""]
    spacing: Float[Array, ""]
    channels: tuple[Channel, ...]
    place: Where = eqx.field(static=True)
    psf_span: tuple[float, float] | None = eqx.field(static=True)

    def position(self, scene: Scene) -> Position:
        """All points [pc]."""
        point = self.foot[:, None, :] + self.depth[..., None] * self.along[:, None, :]
        return scene.distance(self.channels[0].component) * point.reshape(-1, 3)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """The distance [kpc] times the weights of the PSF's width."""
        distance = scene.distance(self.channels[0].component) / PC_PER_KPC
        return distance * bend(nuisance.psf_scale, self.psf_span, self.projection.shape[0])

    def status(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Bits:
        """THIN where something is narrower than its points are apart, as far out as the bins reach."""
        parsec = scene.distance(self.channels[0].component)
        bits = jnp.zeros((), int)
        for name in dict.fromkeys(channel.component for channel in self.channels):
            width = fields[name].narrowest(parsec * self.outer)
            bits |= flag(width < APART * parsec * self.spacing, Status.THIN)
        return bits

    def predict(self, scene: Scene, nodes: Nodes, nuisance: Nuisance) -> Float[Array, "photon bin"]:
        """What the table would read: columns along the lines of sight first, then the points on the sky."""
        matrix = jnp.tensordot(self.weight(scene, nuisance), self.projection, axes=1)
        shape, ones = self.depth.shape, jnp.ones(self.depth.shape[0], self.depth.dtype)
        with_gas = self.length * nodes.gas.reshape(shape)
        total = []
        for channel in self.channels:
            density = nodes.density[channel.component].reshape(-1, *shape)
            column = jnp.sum(density * (with_gas if channel.on_gas else self.length), axis=-1)
            total.append(channel.seen(column, ones, matrix, scene))
        return reduce(operator.add, total)
