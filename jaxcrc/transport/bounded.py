"""Diffusion inside a sphere that loses particles at its surface: a far escape boundary around a point source."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from jaxcrc._types import Scalar, param
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.source.release import Burst, Continuous, Released
from jaxcrc.transport.base import AbstractTransport, EnergyGrid, Surroundings
from jaxcrc.transport.homogeneous import HomogeneousField, Kernel, closed, validity
from jaxcrc.transport.kernels.bounded import burst_bounded, continuous_bounded
from jaxcrc.units import KM_S_PER_PC_KYR

KERNELS: dict[type, Kernel] = {Burst: burst_bounded, Continuous: continuous_bounded}


class AbstractBounded(AbstractTransport[Released, AbstractMedium]):
    """Diffusion from the centre of a sphere of radius `boundary`."""

    sources: ClassVar = (Released,)

    boundary: eqx.AbstractVar[Scalar]

    @abstractmethod
    def speed(self) -> Scalar:
        """Speed at which particles leave at the boundary [pc kyr⁻¹]."""

    def edges(self, source: Released) -> tuple[Scalar]:
        """The boundary [pc]."""
        return (self.boundary,)

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> HomogeneousField:
        """The Field inside the boundary.

        Errors: ValueError for a release that is no burst or constant one, or a source that is not a point.
        """
        kernel = KERNELS.get(type(source.release))
        if kernel is None or source.shape.geometry != "point":
            raise ValueError(
                f"inside a boundary only a burst or a continuous release from a point is known, not a "
                f"{type(source.release).__name__} from a {type(source.shape).__name__}"
            )
        kappa, time = medium.kappa(energy.momentum), source.release.time()
        size, status = (self.boundary, self.speed()), validity(kappa, energy, time)
        return closed(source.amplitude(energy.kinetic), time, kappa, size, status, kernel)


class Absorbing(AbstractBounded):
    """All particles that reach the boundary are lost."""

    boundary: Scalar = param("pc", "radius at which particles are lost", low=0.0)

    def speed(self) -> Scalar:
        """Infinite [pc kyr⁻¹]."""
        return jnp.full_like(self.boundary, jnp.inf)


class Leaky(AbstractBounded):
    """Particles leave at the boundary with a finite speed: towards 0 they are trapped for good, and fill the sphere."""

    jumps: ClassVar = True

    boundary: Scalar = param("pc", "radius at which particles leave", low=0.0)
    log10_speed: Scalar = param("dex(km / s)", "log10 of the speed at which they leave there")

    def speed(self) -> Scalar:
        """Speed [pc kyr⁻¹]."""
        return 10.0**self.log10_speed / KM_S_PER_PC_KYR
