"""Where a table looks: nodes at which the cosmic rays are asked for, and the constant matrices that do the rest."""

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Mapping
from functools import reduce
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Node, Position
from jaxcrc.numerics.quadrature import chebyshev_weights
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene
from jaxcrc.transport.base import AbstractField

Where = str | tuple[str, ...]
"""What tells sets of nodes apart: words of one's own, or what they are of and its names, which no other spells."""


class Nodes(NamedTuple):
    """What is known at a set of nodes, once for all tables that look there."""

    gas: Node
    density: dict[str, Float[Array, " energy #node"]]


class AbstractResponse(eqx.Module):
    """table[photon, bin] = Σ_basis weight · projection[…, bin, node] · light[photon, node].

    The projection is [basis, photon or 1, bin, node]; parameters that would bend it (PSF width, cloud size)
    are Chebyshev directions of its basis, combined by `weight` [basis].
    Responses of the same `place` have the same nodes. All components of a response are at one place, from which
    positions count, unless it says otherwise.
    """

    place: eqx.AbstractVar[Where]

    projection: eqx.AbstractVar[Float[Array, "basis row bin node"]]
    channels: eqx.AbstractVar[tuple[Channel, ...]]

    @abstractmethod
    def position(self, scene: Scene) -> Position:
        """Where the nodes are [pc from the components]."""

    @abstractmethod
    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Weights of the projection's basis, with the power of distance that the geometry asks for."""

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas and cosmic rays at the nodes."""
        position = self.position(scene)
        components = dict.fromkeys(channel.component for channel in self.channels)
        density = {component: fields[component].density(position) for component in components}
        return Nodes(scene.surroundings(next(iter(components))).gas.at(position), density)

    def status(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Bits:
        """Bits where its nodes do not follow the cosmic rays."""
        return jnp.zeros((), int)

    def predict(self, scene: Scene, nodes: Nodes, nuisance: Nuisance) -> Float[Array, "photon bin"]:
        """What the table would read."""
        matrix = jnp.tensordot(self.weight(scene, nuisance), self.projection, axes=1)
        density, gas = nodes.density, nodes.gas
        light = (channel.seen(density[channel.component], gas, matrix, scene) for channel in self.channels)
        return reduce(operator.add, light)


def bend(value: Array, span: tuple[float, float] | None, size: int) -> Float[Array, " basis"]:
    """Chebyshev weights of ln(value) over a span, or a single 1 where nothing bends."""
    if span is None:
        return jnp.ones(1, value.dtype)
    return chebyshev_weights(jnp.log(value), math.log(span[0]), math.log(span[1]), size)
