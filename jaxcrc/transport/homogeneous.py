"""Spherical diffusion in a homogeneous medium, by closed-form Green's functions."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar
from jaxcrc.medium.diffusion import AbstractMedium, bohm
from jaxcrc.source.release import Ball, Burst, Continuous, Point, Released
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Status, Surroundings, flag
from jaxcrc.transport.kernels import burst_ball, burst_point, continuous_point
from jaxcrc.units import LIGHT_SPEED

INTERSTELLAR_FIELD = 3.0  # [µG], for the Bohm flag alone

KERNELS: dict[tuple[type, type], Callable[..., Array]] = {
    (Burst, Point): burst_point,
    (Burst, Ball): burst_ball,
    (Continuous, Point): continuous_point,
}


class HomogeneousField(AbstractField):
    """n(T, r) = amplitude(T) · kernel(r, t, κ(T), …)."""

    amplitude: Energy
    time: Scalar
    kappa: Energy
    size: tuple[Scalar, ...]
    status: Bits
    kernel: Callable[..., Array] = eqx.field(static=True)

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        radius = jnp.sqrt(jnp.sum(position**2, axis=-1))
        return self.amplitude[:, None] * self.kernel(radius[None, :], self.time, self.kappa[:, None], *self.size)


class Homogeneous(AbstractTransport):
    """One zone with κ(E) the same everywhere and no losses: ∂ₜn = κ∇²n + Q.

    Errors: ValueError when no closed form is at hand for the source's release and shape.
    Validity: r < ct, and loss times longer than the age.
    """

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> HomogeneousField:
        """The Field of a source that releases into a homogeneous medium."""
        kernel = KERNELS.get((type(source.release), type(source.shape)))
        if kernel is None:
            known = ", ".join(f"{release.__name__} from a {shape.__name__}" for release, shape in KERNELS)
            wanted = f"{type(source.release).__name__} from a {type(source.shape).__name__}"
            raise ValueError(f"no homogeneous solution for {wanted}; choose one of: {known}")
        time, kappa = source.release.time(), medium.kappa(energy.momentum)
        size = (source.shape.radius,) if isinstance(source.shape, Ball) else ()
        slow = energy.feeds & (kappa < bohm(energy.momentum, INTERSTELLAR_FIELD))
        fast = energy.feeds & (4.0 * kappa > LIGHT_SPEED**2 * time)
        status = flag(slow, Status.BELOW_BOHM) | flag(fast, Status.SUPERLUMINAL)
        amplitude = source.amplitude(energy.kinetic)
        return HomogeneousField(amplitude=amplitude, time=time, kappa=kappa, size=size, status=status, kernel=kernel)
