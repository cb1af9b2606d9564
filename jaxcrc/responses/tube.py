"""Where a table looks at the gas of a flux tube: rings on the sky that a straight, inclined cylinder crosses."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Position
from jaxcrc.responses.base import AbstractResponse, Nodes, Where, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene
from jaxcrc.transport.base import AbstractField
from jaxcrc.transport.cloud.field import TubeField
from jaxcrc.units import PC_PER_KPC


class Ribbon(AbstractResponse):
    """A table of rings (or a circle) around a component that see a flux tube in uniform gas.

    Nodes are rings on the sky, where the cosmic rays are asked for as their mean column: exact across the tube,
    whatever its inclination. Averages around a circle are all that a round PSF needs: it blurs them as it blurs the
    image. Arguments: edges — of the rings [rad].
    """

    edges: Float[Array, " edge"]
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: Where = eqx.field(static=True)
    psf_span: tuple[float, float] | None = eqx.field(static=True, default=None)

    def position(self, scene: Scene) -> Position:
        """The component itself: uniform gas is the same everywhere [pc]."""
        return jnp.zeros((self.edges.shape[0] - 1, 3), self.edges.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Weights of the PSF's width; a column counts in kpc."""
        return bend(nuisance.psf_scale, self.psf_span, self.projection.shape[0]) / PC_PER_KPC

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas and mean columns of cosmic rays over the rings [GeV⁻¹ cm⁻³ pc].

        Errors: ValueError for a component that does not fill a flux tube.
        """
        distance = scene.distance(self.channels[0].component)
        names = dict.fromkeys(channel.component for channel in self.channels)
        columns = {name: _tube(name, fields[name]).rings(distance * self.edges, distance) for name in names}
        return Nodes(scene.gas.at(self.position(scene)), columns)


def _tube(name: str, field: AbstractField) -> TubeField:
    if not isinstance(field, TubeField):
        raise ValueError(f"a ribbon sees a flux tube; component {name!r} gives a {type(field).__name__}")
    return field
