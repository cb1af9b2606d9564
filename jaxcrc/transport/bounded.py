"""Diffusion inside a sphere that loses particles at its surface: a far escape boundary around a point source."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar, param
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.source.release import Burst, Continuous, Released
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Surroundings
from jaxcrc.transport.homogeneous import validity
from jaxcrc.transport.kernels_bounded import burst_bounded, continuous_bounded
from jaxcrc.units import KM_S_PER_PC_KYR

Kernel = Callable[..., Array]
KERNELS: dict[type, Kernel] = {Burst: burst_bounded, Continuous: continuous_bounded}


class BoundedField(AbstractField):
    """n(T, r) inside the boundary, nothing outside."""

    amplitude: Energy
    time: Scalar
    kappa: Energy
    boundary: Scalar
    speed: Scalar
    status: Bits
    kernel: Kernel = eqx.field(static=True)

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        radius = jnp.sqrt(jnp.sum(position**2, axis=-1))[None, :]
        density = self.kernel(radius, self.time, self.kappa[:, None], self.boundary, self.speed)
        return self.amplitude[:, None] * density


class AbstractBounded(AbstractTransport):
    """Diffusion from the centre of a sphere of radius `boundary`."""

    boundary: eqx.AbstractVar[Scalar]

    @abstractmethod
    def speed(self) -> Scalar:
        """Speed at which particles leave at the boundary [pc kyr⁻¹]."""

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> BoundedField:
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
        return BoundedField(
            amplitude=source.amplitude(energy.kinetic),
            time=time,
            kappa=kappa,
            boundary=self.boundary,
            speed=self.speed(),
            status=validity(kappa, energy, time),
            kernel=kernel,
        )


class Absorbing(AbstractBounded):
    """All particles that reach the boundary are lost."""

    boundary: Scalar = param("pc", "radius at which particles are lost", low=0.0)

    def speed(self) -> Scalar:
        """Infinite [pc kyr⁻¹]."""
        return jnp.full_like(self.boundary, jnp.inf)


class Leaky(AbstractBounded):
    """Particles leave at the boundary with a finite speed: 0 would trap them for good."""

    boundary: Scalar = param("pc", "radius at which particles leave", low=0.0)
    log10_speed: Scalar = param("dex(km / s)", "log10 of the speed at which they leave there")

    def speed(self) -> Scalar:
        """Speed [pc kyr⁻¹]."""
        return 10.0**self.log10_speed / KM_S_PER_PC_KYR
