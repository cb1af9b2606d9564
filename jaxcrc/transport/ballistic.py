"""From straight flight to diffusion around a point source: bursts that never outrun light, and constant sources that
beam. Seen from one side, a beaming source is not round.
"""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.source.release import Burst, Continuous, Released
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Surroundings, Symmetry
from jaxcrc.transport.homogeneous import HomogeneousField, closed, validity
from jaxcrc.transport.kernels.ballistic import ballistic_burst, ballistic_continuous, forward_beam
from jaxcrc.units import LIGHT_SPEED


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
        kappa, radius = self.kappa[:, None], radius[None, :]
        beam = 2.0 * forward_beam(towards[None, :], radius, kappa)
        return self.amplitude[:, None] * ballistic_continuous(radius, self.time, kappa) * beam


class Ballistic(AbstractTransport[Released, AbstractMedium]):
    """Straight flight close to a point source, diffusion far away, and never faster than light.

    A constant source beams: what we see of it is weighted by the angular distribution towards us.
    Source: Prosekin, Kelner & Aharonian 2015; Recchia et al. 2021 (constant); Aloisio et al. 2009 (burst).
    Errors: ValueError for other releases, or a source that is not a point.
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
