"""Where a table looks: nodes at which the cosmic rays are asked for, and the constant matrices that do the rest."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Node, Position
from jaxcrc.channel import Channel
from jaxcrc.numerics.quadrature import chebyshev_weights
from jaxcrc.scene import Nuisance, Scene, View
from jaxcrc.transport.base import AbstractField

PC_PER_KPC = 1.0e3


class Nodes(NamedTuple):
    """What is known at a set of nodes, once for all tables that look there."""

    gas: Node
    density: dict[str, Float[Array, "energy node"]]


class AbstractResponse(eqx.Module):
    """table[photon, bin] = Σ_basis weight · projection[…, bin, node] · light[photon, node].

    The projection is [basis, photon or 1, bin, node]; parameters that would bend it (PSF width, cloud size)
    are Chebyshev directions of its basis, combined by `weight` [basis].
    Responses of the same `place` have the same nodes.
    """

    place: eqx.AbstractVar[str]

    projection: eqx.AbstractVar[Float[Array, "basis row bin node"]]
    channels: eqx.AbstractVar[tuple[Channel, ...]]

    @abstractmethod
    def position(self, view: View) -> Position:
        """Where the nodes are [pc from the source]."""

    @abstractmethod
    def weight(self, view: View, nuisance: Nuisance) -> Float[Array, "basis"]:
        """Weights of the projection's basis, with the power of distance that the geometry asks for."""

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas and cosmic rays at the nodes."""
        position = self.position(scene.view)
        components = dict.fromkeys(channel.component for channel in self.channels)
        density = {component: fields[component].density(position) for component in components}
        return Nodes(scene.gas.at(position), density)

    def predict(self, scene: Scene, nodes: Nodes, nuisance: Nuisance) -> Float[Array, "photon bin"]:
        """What the table would read."""
        matrix = jnp.tensordot(self.weight(scene.view, nuisance), self.projection, axes=1)
        density, gas = nodes.density, nodes.gas
        return sum(channel.seen(density[channel.component], gas, matrix, scene.light) for channel in self.channels)


def bend(value: Array, span: tuple[float, float] | None, size: int) -> Float[Array, "basis"]:
    """Chebyshev weights of ln(value) over a span, or a single 1 where nothing bends."""
    if span is None:
        return jnp.ones(1, value.dtype)
    return chebyshev_weights(jnp.log(value), math.log(span[0]), math.log(span[1]), size)


class Centre(eqx.Module):
    """Directions of a round table's basis for a source that is not where it was thought to be.

    The matrix depends on the distance ϱ between the source and the table's centre, as a smooth function of ϱ².
    place — nominal offset (north, east) of the table from the source [deg]; span — least and largest ϱ [deg].
    """

    place: tuple[float, float] = eqx.field(static=True)
    span: tuple[float, float] = eqx.field(static=True)
    order: int = eqx.field(static=True)

    def weight(self, view: View) -> Float[Array, "basis"]:
        """Chebyshev weights of ϱ²."""
        square = (self.place[0] - view.offset_north) ** 2 + (self.place[1] - view.offset_east) ** 2
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

    def weight(self, view: View, nuisance: Nuisance) -> Float[Array, "basis"]:
        """d^power [kpc^power] times the weights of the PSF's width and of the source's place."""
        size = self.projection.shape[0]
        if self.centre is None:
            return view.distance**self.power * bend(nuisance.psf_scale, self.psf_span, size)
        by_place = self.centre.weight(view)
        by_psf = bend(nuisance.psf_scale, self.psf_span, size // by_place.shape[0])
        return view.distance**self.power * jnp.outer(by_psf, by_place).ravel()


class Column(AbstractResponse):
    """A table that looks through the sea: uniform gas of depth `view.gas_depth` [pc]."""

    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: str = eqx.field(static=True)

    def position(self, view: View) -> Position:
        """One node: the sea is the same everywhere."""
        return jnp.zeros((1, 3), self.projection.dtype)

    def weight(self, view: View, nuisance: Nuisance) -> Float[Array, "basis"]:
        """Depth of the gas [kpc], as the projection of a halo counts it."""
        return jnp.atleast_1d(view.gas_depth / PC_PER_KPC)


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
        """Centre of the cloud + its size × the unit quadrature, its first axis turned away from the source [pc]."""
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
        centre = jnp.stack([across * north, across * east, cloud.depth])
        return centre + jnp.deg2rad(cloud.size) * distance * (self.node @ axes)

    def weight(self, view: View, nuisance: Nuisance) -> Float[Array, "basis"]:
        """M/d² [M_sun kpc⁻²] times the weights of the cloud's size and the PSF's width."""
        cloud = view.clouds[self.cloud]
        by_size = bend(cloud.size, self.size_span, self.size_order)
        by_psf = bend(nuisance.psf_scale, self.psf_span, self.projection.shape[0] // self.size_order)
        return 10.0**cloud.log10_mass / view.distance**2 * jnp.outer(by_size, by_psf).ravel()
