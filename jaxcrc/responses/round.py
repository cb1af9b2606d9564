"""Where a table looks at something round, or at what is the same everywhere."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Node, Position
from jaxcrc.numerics.quadrature import chebyshev_weights
from jaxcrc.responses.base import AbstractResponse, Where, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene, View
from jaxcrc.units import PC_PER_KPC


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

    Nodes are fixed in angle [rad], so that the distance only scales positions and the result by its `power`: 1 for
    light, which a longer line of sight adds to, 0 for a density.
    """

    angle: Node
    projection: Float[Array, "basis row bin node"]
    channels: tuple[Channel, ...]
    place: Where = eqx.field(static=True)
    power: int = eqx.field(static=True, default=1)
    psf_span: tuple[float, float] | None = eqx.field(static=True, default=None)
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
    place: Where = eqx.field(static=True)

    def position(self, view: View) -> Position:
        """One node: the sea is the same everywhere."""
        return jnp.zeros((1, 3), self.projection.dtype)

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """Depth of the gas [kpc], as the projection of a halo counts it."""
        return jnp.atleast_1d(scene.view.gas_depth / PC_PER_KPC)
