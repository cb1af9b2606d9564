"""Where a table looks at one cloud."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Position, Scalar
from jaxcrc.numerics.interpolate import spline_weights
from jaxcrc.observe.inside import AbstractInside
from jaxcrc.responses.base import AbstractResponse, Nodes, Where, bend
from jaxcrc.responses.channel import Channel
from jaxcrc.scene import Nuisance, Scene
from jaxcrc.transport.base import AbstractField, AxialField
from jaxcrc.units import PC_PER_KPC


class Sizes(eqx.Module):
    """Directions of a cloud table's basis: how its containment bends with the cloud's angular size.

    Containment × (1 + size²/scale²) is tabulated over ln(size); it is flat at both ends, so that containment is known
    at every size. Arguments: span — of the table [deg]; scale — of what is blurred and cut out [deg].
    """

    span: tuple[float, float] = eqx.field(static=True)
    points: int = eqx.field(static=True)
    scale: float = eqx.field(static=True)

    def weight(self, size: Array) -> Float[Array, " basis"]:
        """Weights of `spline_coefficients` of the table, which give containment."""
        low, high = map(math.log, self.span)
        shape = spline_weights(jnp.log(jnp.maximum(size, self.span[0])), low, high, self.points)
        return shape / (1.0 + (size / self.scale) ** 2)


class AbstractMean(eqx.Module):
    """How the mean of a component's cosmic rays over the gas of a cloud is taken."""

    @abstractmethod
    def mean(
        self, field: AbstractField, centre: Float[Array, "3"], size: Scalar, edges: tuple[Scalar, ...]
    ) -> Float[Array, " energy"]:
        """⟨n⟩ [GeV⁻¹ cm⁻³]; the arguments are those of `AbstractInside.rule`."""


class Asked(AbstractMean):
    """By asking for the density at nodes."""

    inside: AbstractInside

    def mean(
        self, field: AbstractField, centre: Float[Array, "3"], size: Scalar, edges: tuple[Scalar, ...]
    ) -> Float[Array, " energy"]:
        """Σ w n."""
        position, weight = self.inside.rule(centre, size, edges)
        return jnp.sum(field.density(position) * weight, axis=-1)


class Known(AbstractMean):
    """As fields around an axis know it of themselves."""

    shape: str = eqx.field(static=True)

    def mean(
        self, field: AbstractField, centre: Float[Array, "3"], size: Scalar, edges: tuple[Scalar, ...]
    ) -> Float[Array, " energy"]:
        """Exact, however thin they are. Errors: ValueError for another field."""
        if not isinstance(field, AxialField):
            raise ValueError(f"no mean over a cloud is known of a {type(field).__name__}")
        return field.inside(self.shape, centre, size)


class CloudSpectrum(AbstractResponse):
    """A table that looks at one cloud: its mean emission per hydrogen nucleus × mass / d² × containment.

    `inside` says for each component how the mean over the cloud's gas is taken; containment in the table's region
    bends with the cloud's angular size (and with the PSF's width where a prior names it).
    """

    inside: dict[str, AbstractMean]
    projection: Float[Array, "basis row bin 1"]
    channels: tuple[Channel, ...]
    sizes: Sizes
    place: Where = eqx.field(static=True)
    cloud: str = eqx.field(static=True)
    psf_span: tuple[float, float] | None = eqx.field(static=True)

    def position(self, scene: Scene) -> Position:
        """Centre of the cloud [pc from the scene's source]."""
        view = scene.view
        return view.clouds[self.cloud].centre(view.distance)[None, :]

    def ask(self, scene: Scene, fields: Mapping[str, AbstractField]) -> Nodes:
        """Gas at the cloud's centre, and cosmic rays in their mean over the cloud's gas."""
        names = dict.fromkeys(channel.component for channel in self.channels)
        means = {name: self._mean(scene, name, fields[name]) for name in names}
        return Nodes(scene.gas.at(self.position(scene)), means)

    def _mean(self, scene: Scene, name: str, field: AbstractField) -> Float[Array, "energy 1"]:
        model, cloud = scene.components[name], scene.view.clouds[self.cloud]
        centre = self.position(scene)[0] - scene.place(name)
        size = jnp.deg2rad(cloud.size) * scene.view.distance * PC_PER_KPC
        return self.inside[name].mean(field, centre, size, model.transport.edges(model.source))[:, None]

    def weight(self, scene: Scene, nuisance: Nuisance) -> Float[Array, " basis"]:
        """M/d² [M_sun kpc⁻²] times the weights of the cloud's size and the PSF's width."""
        view, cloud = scene.view, scene.view.clouds[self.cloud]
        by_size = self.sizes.weight(cloud.size)
        by_psf = bend(nuisance.psf_scale, self.psf_span, self.projection.shape[0] // by_size.shape[0])
        return 10.0**cloud.log10_mass / view.distance**2 * jnp.outer(by_size, by_psf).ravel()
