"""Where a table looks at one cloud."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Position
from jaxcrc.responses.base import AbstractResponse, Nodes, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene, View
from jaxcrc.transport.base import AbstractField
from jaxcrc.units import PC_PER_KPC


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
