"""From straight flight to diffusion around a point source: bursts that never outrun light, and constant sources that
beam. Seen from one side, a beaming source is not round.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.numerics.interpolate import even_cubic
from jaxcrc.source.release import Burst, Continuous, Released
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Surroundings, Symmetry
from jaxcrc.transport.homogeneous import HomogeneousField, closed, validity
from jaxcrc.transport.kernels.ballistic import ballistic_burst, ballistic_continuous, forward_beam
from jaxcrc.transport.kernels.safe import floor
from jaxcrc.units import LIGHT_SPEED

_LOW, _HIGH, _POINTS = -24.0, 12.0, 289  # ln(ξ/(1−ξ)), ξ = r/ct: from where n r² is even to the front


def ballistic_profile(radius: Float[Array, " node"], time: Scalar, kappa: Energy) -> Float[Array, "energy node"]:
    """`ballistic_continuous` at many radii and all energies: through a table in ln(n r²) where that takes less time.

    Arguments: as there. Validity: of the table 1e-5 of n within R_d, 1e-4 at e⁻¹⁰ of it.
    """
    if radius.size <= _POINTS:
        return ballistic_continuous(radius[None, :], time, kappa[:, None])
    reach = LIGHT_SPEED * jnp.where(time > 0.0, time, 1.0)
    place = jnp.linspace(_LOW, _HIGH, _POINTS, dtype=radius.dtype)
    line = reach * jax.nn.sigmoid(place)
    least = float(jnp.finfo(radius.dtype).tiny)
    known = ballistic_continuous(line[None, :], time, kappa[:, None]) * line**2
    distance, reached = jnp.maximum(radius, line[0]), radius < reach
    share = jnp.where(reached, distance / reach, 0.5)
    where = jnp.log(share) - jnp.log1p(-share)
    dense = jnp.exp(even_cubic(jnp.log(jnp.maximum(known, least)), _LOW, _HIGH, where))
    return jnp.where(reached & (time > 0.0), dense / jnp.maximum(radius, floor(radius)) ** 2, 0.0)


class BeamedField(AbstractField):
    """Density of a constant source, weighted by how strongly particles fly towards us: n · 2M(μ)."""

    amplitude: Energy
    time: Scalar
    kappa: Energy
    status: Bits

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n · 2M [GeV⁻¹ cm⁻³] at positions [pc]: what shines as n would if particles flew everywhere alike."""
        squared = jnp.sum(position**2, axis=-1)
        radius = jnp.where(squared > 0.0, jnp.sqrt(jnp.where(squared > 0.0, squared, 1.0)), 0.0)
        towards = -position[:, 2] / jnp.where(squared > 0.0, radius, 1.0)
        beam = 2.0 * forward_beam(towards[None, :], radius[None, :], self.kappa[:, None])
        return self.amplitude[:, None] * ballistic_profile(radius, self.time, self.kappa) * beam


class Ballistic(AbstractTransport[Released, AbstractMedium]):
    """Straight flight close to a point source, diffusion far away, and never faster than light.

    A constant source beams: what we see of it is weighted by the angular distribution towards us.
    Source: Paasschens 1997 (constant); Prosekin, Kelner & Aharonian 2015, Recchia et al. 2021 (its beam); Aloisio,
    Berezinsky & Gazizov 2009 (burst). Errors: ValueError for other releases, or a source that is not a point.
    Validity: of the constant source all r and ages, within 5 % of random flights, its beam where it is stationary; of
    the burst ages above 30 mean free paths 3κ/c over c, below which it is a rough guess (see `ballistic_burst`).
    """

    sources: ClassVar = (Released,)
    jumps: ClassVar = True

    def symmetry(self, source: Released) -> Symmetry:
        """Round where nothing beams: a burst."""
        return Symmetry.ROUND if isinstance(source.release, Burst) else Symmetry.NONE

    def edges(self, source: Released) -> tuple[Scalar]:
        """How far light has come [pc]."""
        return (LIGHT_SPEED * source.release.time(),)

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> BeamedField | HomogeneousField:
        """The Field of a point source."""
        release = source.release
        if type(release) not in (Burst, Continuous) or source.shape.geometry != "point":
            raise ValueError(
                f"straight flight is known for a burst or a constant release from a point, not for a "
                f"{type(release).__name__} from a {type(source.shape).__name__}"
            )
        amplitude, time, kappa = source.amplitude(energy.kinetic), release.time(), medium.kappa(energy.momentum)
        status = validity(kappa, energy, time)
        if isinstance(release, Burst):
            return closed(amplitude, time, kappa, (), status, ballistic_burst)
        return BeamedField(amplitude=amplitude, time=time, kappa=kappa, status=status)
