"""Where a table looks at the gas of a flux tube: rings on the sky that a straight, inclined cylinder crosses."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Position
from jaxcrc.channel import Channel
from jaxcrc.response import AbstractResponse, Nodes
from jaxcrc.scene import Nuisance, Scene, View
from jaxcrc.transport.fluxtube import TubeField
from jaxcrc.units import PC_PER_KPC


class Ribbon(AbstractResponse):
    """A table of rings (or a circle) around a component that see a flux tube in uniform gas.

    Each bin is a node of its own, where the cosmic rays are asked for as their mean column over the bin: exact across
    the tube, whatever its inclination. Arguments: inner, outer — edges of the bins [rad].
    """

    inner: Float[Array, "bin"]
    outer: Float[Array, "bin"]
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: str = eqx.field(static=True)

    def position(self, view: View) -> Position:
        """The component itself: uniform gas is the same everywhere [pc]."""
        return jnp.zeros((self.outer.shape[0], 3), self.outer.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, "basis"]:
        """A column counts in kpc."""
        return jnp.full(1, 1.0 / PC_PER_KPC, self.outer.dtype)

    def ask(self, scene: Scene, fields: Mapping[str, TubeField]) -> Nodes:
        """Gas and mean columns of cosmic rays over the bins [GeV⁻¹ cm⁻³ pc]."""
        distance = scene.view.distance * PC_PER_KPC
        names = dict.fromkeys(channel.component for channel in self.channels)
        columns = {name: fields[name].rings(distance * self.inner, distance * self.outer) for name in names}
        return Nodes(scene.gas.at(self.position(scene.view)), columns)
