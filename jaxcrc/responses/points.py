"""Where a table looks at what is not round: points on the sky, and on the line of sight through each."""

from __future__ import annotations

import operator
from functools import reduce

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Position
from jaxcrc.responses.base import AbstractResponse, Nodes, Where, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene, View
from jaxcrc.units import PC_PER_KPC


class Points(AbstractResponse):
    """A table that looks at anything: annuli, a circle or a box, its points fixed in angle [rad] around its
    components.

    sky — [sky, 2] to the north and east; depth, length — points on each line of sight [sky, depth] and what they stand
    for; the projection's nodes are the points on the sky.
    """

    sky: Float[Array, "sky 2"]
    depth: Float[Array, "sky depth"]
    length: Float[Array, "sky depth"]
    projection: Float[Array, "basis row bin sky"]
    channels: tuple[Channel, ...]
    place: Where = eqx.field(static=True)
    psf_span: tuple[float, float] | None = eqx.field(static=True)

    def position(self, view: View) -> Position:
        """d (north, east, away) of all points [pc]."""
        flat = jnp.broadcast_to(self.sky[:, None, :], (*self.depth.shape, 2))
        angle = jnp.concatenate([flat, self.depth[..., None]], axis=-1)
        return view.distance * PC_PER_KPC * angle.reshape(-1, 3)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """The distance [kpc] times the weights of the PSF's width."""
        return scene.view.distance * bend(nuisance.psf_scale, self.psf_span, self.projection.shape[0])

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
