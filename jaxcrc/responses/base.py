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

from jaxcrc._types import Node, Position
from jaxcrc.numerics.quadrature import chebyshev_weights
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene, View
from jaxcrc.transport.base import AbstractField
from jaxcrc.units import PC_PER_KPC


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

    place: eqx.AbstractVar[str]

    projection: eqx.AbstractVar[Float[Array, "basis row bin node"]]
    channels: eqx.AbstractVar[tuple[Channel, ...]]

    @abstractmethod
    def position(self, view: View) -> Position:
        """Where the nodes are [pc from the components]."""

    @abstractmethod
    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Weights of the projection's basis, with the power of distance that the geometry asks for."""

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas and cosmic rays at the nodes."""
        position = self.position(scene.view)
        components = dict.fromkeys(channel.component for channel in self.channels)
        density = {component: fields[component].density(position) for component in components}
        return Nodes(scene.surroundings(next(iter(components))).gas.at(position), density)

    def predict(self, scene: Scene, nodes: Nodes, nuisance: Nuisance) -> Float[Array, "photon bin"]:
        """What the table would read."""
        matrix = jnp.tensordot(self.weight(scene, nuisance), self.projection, axes=1)
        density, gas = nodes.density, nodes.gas
        light = (channel.seen(density[channel.component], gas, matrix, scene.light) for channel in self.channels)
        return reduce(operator.add, light)


def bend(value: Array, span: tuple[float, float] | None, size: int) -> Float[Array, " basis"]:
    """Chebyshev weights of ln(value) over a span, or a single 1 where nothing bends."""
    if span is None:
        return jnp.ones(1, value.dtype)
    return chebyshev_weights(jnp.log(value), math.log(span[0]), math.log(span[1]), size)


class Centre(eqx.Module):
    """Directions of a round table's basis for a component whose place is not fixed.

    The matrix depends on the distance ϱ between the component and the table's centre, as a smooth function of ϱ².
    place — offset (north, east) of the table from the nominal source [deg]; span — least and largest ϱ [deg].
    """

    component: str = eqx.field(static=True)

    place: tuple[float, float] = eqx.field(static=True)
    span: tuple[float, float] = eqx.field(static=True)
    order: int = eqx.field(static=True)

    def weight(self, scene: Scene) -> Float[Array, " basis"]:
        """Chebyshev weights of ϱ²."""
        view, own = scene.view, scene.components[self.component].place
        north, east = self.place[0] - view.offset_north - own.north, self.place[1] - view.offset_east - own.east
        square = north**2 + east**2
        return chebyshev_weights(square, self.span[0] ** 2, self.span[1] ** 2, self.order)


class Round(AbstractResponse):
    """A table that looks at something round: through annuli, a circle or a box.

    Nodes are fixed in angle [rad], so that the distance only scales positions and the result by its `power`.
    """

    angle: Node
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: str = eqx.field(static=True)
    power: int = eqx.field(static=True)
    psf_span: tuple[float, float] | None = eqx.field(static=True)
    centre: Centre | None = None

    def position(self, view: View) -> Position:
        """(d θ, 0, 0) [pc]."""
        return (view.distance * PC_PER_KPC * self.angle)[:, None] * jnp.eye(1, 3, dtype=self.angle.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """d^power [kpc^power] times the weights of the PSF's width and of the components' place."""
        size, scale = self.projection.shape[0], scene.view.distance**self.power
        if self.centre is None:
            return scale * bend(nuisance.psf_scale, self.psf_span, size)
        by_place = self.centre.weight(scene)
        by_psf = bend(nuisance.psf_scale, self.psf_span, size // by_place.shape[0])
        return scale * jnp.outer(by_psf, by_place).ravel()


class Column(AbstractResponse):
    """A table that looks through the sea: uniform gas of depth `view.gas_depth` [pc]."""

    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: str = eqx.field(static=True)

    def position(self, view: View) -> Position:
        """One node: the sea is the same everywhere."""
        return jnp.zeros((1, 3), self.projection.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Depth of the gas [kpc], as the projection of a halo counts it."""
        return jnp.atleast_1d(scene.view.gas_depth / PC_PER_KPC)


class CloudSpectrum(AbstractResponse):
    """A table that looks at one cloud: its mean emission per hydrogen nucleus × mass / d² × containment.

    `node` is a quadrature over a cloud of unit size; containment in the table's region bends with the cloud's
    angular size (and with the PSF's width where a prior names it).
    """

    node: Position
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: str = eqx.field(static=True)
    cloud: str = eqx.field(static=True)
    size_span: tuple[float, float] = eqx.field(static=True)
    size_order: int = eqx.field(static=True)
    psf_span: tuple[float, float] | None = eqx.field(static=True)

    def position(self, view: View) -> Position:
        """Centre of the cloud + its size × the unit quadrature, its first axis turned away from the source.

        [pc], counted from the scene's source.
        """
        cloud, distance = view.clouds[self.cloud], view.distance * PC_PER_KPC
        across = jnp.deg2rad(cloud.offset) * distance
        # The tiny length keeps the direction defined for a cloud that sits on the source.
        away = jnp.sqrt(across**2 + cloud.depth**2 + 1e-12)
        sine, cosine, zero = across / away, cloud.depth / away, jnp.zeros_like(away)
        turn = jnp.deg2rad(cloud.azimuth)
        north, east = jnp.cos(turn), jnp.sin(turn)
        axes = jnp.array(
            [[sine * north, sine * east, cosine], [-cosine * north, -cosine * east, sine], [-east, north, zero]]
        )
        return cloud.centre(view.distance) + jnp.deg2rad(cloud.size) * distance * (self.node @ axes)

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas and cosmic rays at the nodes, each component asked from its own place."""
        position = self.position(scene.view)
        components = dict.fromkeys(channel.component for channel in self.channels)
        density = {name: fields[name].density(position - scene.place(name)) for name in components}
        return Nodes(scene.gas.at(position), density)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """M/d² [M_sun kpc⁻²] times the weights of the cloud's size and the PSF's width."""
        view, cloud = scene.view, scene.view.clouds[self.cloud]
        by_size = bend(cloud.size, self.size_span, self.size_order)
        by_psf = bend(nuisance.psf_scale, self.psf_span, self.projection.shape[0] // self.size_order)
        return 10.0**cloud.log10_mass / view.distance**2 * jnp.outer(by_size, by_psf).ravel()
