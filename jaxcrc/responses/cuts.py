"""Where a table looks at what is Gaussian across an axis: lines that cut its bins, wherever these are."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Position
from jaxcrc.observe.chords import AbstractCut
from jaxcrc.responses.base import AbstractResponse, Nodes, Where
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene
from jaxcrc.transport.along import AlongField
from jaxcrc.transport.base import AbstractField
from jaxcrc.units import PC_PER_KPC


class Cuts(AbstractResponse):
    """A table of rings, a circle or a box that sees cosmic rays around an axis in uniform gas, however thin they are.

    Nothing is fixed: the light that falls into each bin is found for the source's place, the axis and the PSF's width
    of each prediction, on a flat sky. Nodes are the bins of each row of light. Arguments: cut — the bins [rad], around
    the centre of the table as seen from where the source is without an offset; blur — width of the Gaussian PSF of
    each row, 0 without one [rad]; table — whose nuisances count.
    """

    cut: AbstractCut
    blur: Float[Array, " row"]
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    table: str = eqx.field(static=True)
    place: Where = eqx.field(static=True)

    def position(self, scene: Scene) -> Position:
        """The component itself: uniform gas is the same everywhere [pc]."""
        return jnp.zeros((self.projection.shape[-1], 3), self.projection.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Solid angles and columns of what lies at the source's distance: 1/d² [pc⁻² kpc pc⁻¹]."""
        return scene.distance(self.channels[0].component)[None] ** -2 / PC_PER_KPC

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas, and the particles whose light falls into each bin [GeV⁻¹ cm⁻³ pc³]."""
        names = dict.fromkeys(channel.component for channel in self.channels)
        return Nodes(
            scene.gas.at(self.position(scene)), {name: self._seen(scene, name, fields[name]) for name in names}
        )

    def _seen(self, scene: Scene, name: str, field: AbstractField) -> Float[Array, "energy node"]:
        if not isinstance(field, AlongField):
            raise ValueError(f"cuts see what has an axis; component {name!r} gives a {type(field).__name__}")
        view, place = scene.view, scene.components[name].place
        parsec = scene.distance(name)
        moved = jnp.stack([view.offset_north + place.north, view.offset_east + place.east])
        cut = self.cut.scaled(parsec, -parsec * jnp.deg2rad(moved))
        factor = parsec * (scene.data.get(self.table) or Nuisance()).psf_scale
        rows = [field.seen(cut, factor * blur) for blur in self.blur]
        return jnp.concatenate(rows, axis=-1)
