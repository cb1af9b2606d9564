"""Spherical diffusion in a homogeneous medium, by closed-form Green's functions and sums of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Front, Position, Scalar, switch
from jaxcrc.medium.diffusion import AbstractMedium, bohm
from jaxcrc.source.escape import Escaping, RemnantBall, RemnantShell
from jaxcrc.source.release import AbstractHistory, Burst, Continuous, Linear, Released
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Status, Surroundings, flag
from jaxcrc.transport.collisions import CollidingField, colliding
from jaxcrc.transport.kernels.history import linear_point, released
from jaxcrc.transport.kernels.shell import burst_shell, continuous_ball, continuous_shell
from jaxcrc.transport.kernels.spherical import burst_ball, burst_point, continuous_point
from jaxcrc.units import LIGHT_SPEED

INTERSTELLAR_FIELD = 3.0  # [µG], for the Bohm flag alone

Kernel = Callable[..., Array]
Size = tuple[Scalar | Energy, ...]

BURSTS: dict[str, Kernel] = {"point": burst_point, "shell": burst_shell, "ball": burst_ball}
# Releases that go on and have a closed form, by history and geometry; all others are sums of bursts.
STEADY: dict[tuple[type, str], Kernel] = {
    (Continuous, "point"): continuous_point,
    (Continuous, "shell"): continuous_shell,
    (Continuous, "ball"): continuous_ball,
    (Linear, "point"): lambda radius, time, kappa: linear_point(radius, time, kappa) / time,
}


def column(value: Scalar | Energy) -> Array:
    """A number for all energies, or one for each, as it stands beside [energy, node]."""
    return value[:, None] if value.ndim else value


class HomogeneousField(AbstractField):
    """n(T, r) = amplitude(T) · kernel(r, t, κ(T), …)."""

    amplitude: Energy
    time: Scalar | Energy
    kappa: Energy
    size: Size
    status: Bits
    kernel: Kernel = eqx.field(static=True)

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        radius = jnp.sqrt(jnp.sum(position**2, axis=-1))[None, :]
        size = map(column, self.size)
        return self.amplitude[:, None] * self.kernel(radius, column(self.time), self.kappa[:, None], *size)


def closed(
    amplitude: Energy, time: Scalar | Energy, kappa: Energy, size: Size, status: Bits, kernel: Kernel
) -> HomogeneousField:
    """The Field of a kernel in closed form, `size` being what it takes after radius, time and κ."""
    return HomogeneousField(amplitude=amplitude, time=time, kappa=kappa, size=size, status=status, kernel=kernel)


class HistoryField(AbstractField):
    """n(T, r) = amplitude(T) ∫ rate(t − s) burst(r, s, κ(T), …) ds."""

    amplitude: Energy
    history: AbstractHistory
    kappa: Energy
    size: Size
    status: Bits
    geometry: str = eqx.field(static=True)

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        radius, kappa = jnp.sqrt(jnp.sum(position**2, axis=-1))[None, :], self.kappa[:, None]
        size = tuple(map(column, self.size))
        nearest = radius if not size else radius - size[0]
        nearest = jnp.maximum(nearest, 0.0) if self.geometry == "ball" else nearest
        time = self.history.time()
        kernel = BURSTS[self.geometry]

        def burst(look: Array) -> Array:
            deep = (value[..., None] for value in size)
            return kernel(radius[..., None], look, kappa[..., None], *deep)

        exponent = jnp.broadcast_to(nearest**2 / (4.0 * kappa * time), (kappa.shape[0], radius.shape[1]))
        duration, clustering = self.history.duration(), self.history.clustering()
        return self.amplitude[:, None] * released(burst, self.history.rate, exponent, time, duration, clustering)


def validity(kappa: Energy, energy: EnergyGrid, time: Scalar) -> Bits:
    """Status of diffusion with κ [pc² kyr⁻¹] for a time [kyr]."""
    slow = energy.feeds & (kappa < bohm(energy.momentum, INTERSTELLAR_FIELD))
    fast = energy.feeds & (4.0 * kappa > LIGHT_SPEED**2 * time)
    return flag(slow, Status.BELOW_BOHM) | flag(fast, Status.SUPERLUMINAL)


class Homogeneous(AbstractTransport[Released, AbstractMedium]):
    """One zone with κ(E) the same everywhere: ∂ₜn = κ∇²n + ∂(bn)/∂T + Q; `losses` turns on b, collisions with the gas.

    Errors: ValueError for a source whose release is no burst, history or escape.
    Validity: r < ct. Without `losses` the density is too high by about (Γ − 1) t/τ_pp, Γ the slope of the spectrum and
    τ_pp ≈ 75 Myr cm⁻³/n_H: 2 % at n_H t = 1e6 cm⁻³ yr, 20 to 40 % at 1e7, a factor of 2 to 3 at 3e7.
    """

    sources: ClassVar = (Released,)

    losses: bool = switch("losses", "whether protons lose energy in collisions with the gas", default=False)

    def edges(self, source: Released) -> tuple[Scalar, ...]:
        """Radius of a source that is a ball or a shell [pc]."""
        return source.shape.edges()

    def fronts(self, source: Released, momentum: Energy) -> tuple[Front, ...]:
        """The edges of the source, and the radii at which particles of each momentum escaped."""
        release, shape = source.release, source.shape
        if not isinstance(release, Escaping) or not isinstance(shape, RemnantShell | RemnantBall):
            return super().fronts(source, momentum)
        return (Front(release.seen_radius(momentum), math.sqrt(2.0) * release.spread),)

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> HomogeneousField | HistoryField | CollidingField:
        """The Field of a source that releases into a homogeneous medium."""
        release, geometry, momentum = source.release, source.shape.geometry, energy.momentum
        kappa, amplitude = medium.kappa(momentum), source.amplitude(energy.kinetic)
        status = validity(kappa, energy, release.time())
        if self.losses:
            return colliding(source, medium, energy, surroundings, status)
        size = source.shape.size(release, momentum)
        if isinstance(release, Escaping | Burst):
            time = release.time()
            if isinstance(release, Escaping):
                amplitude, time = amplitude * release.escaped(momentum), release.since(momentum, kappa)
            return closed(amplitude, time, kappa, size, status, BURSTS[geometry])
        if not isinstance(release, AbstractHistory):
            raise ValueError(f"no homogeneous solution for a release of kind {type(release).__name__}")
        kernel = STEADY.get((type(release), geometry))
        if kernel is None:
            return HistoryField(
                amplitude=amplitude,
                history=release,
                kappa=kappa,
                size=size,
                status=status,
                geometry=geometry,
            )
        return closed(amplitude, release.time(), kappa, size, status, kernel)


class Trapped(AbstractTransport[Released, AbstractMedium | None]):
    """Particles that have not yet escaped: spread over the remnant, or over its shell, with a soft edge.

    n = N (1 − escaped) · uniform inside R_sh, the edge smeared by the release's `spread`.
    Errors: ValueError for a source that is no escape from a remnant.
    """

    sources: ClassVar = (Released,)

    def edges(self, source: Released) -> tuple[Scalar, ...]:
        """Radius of the shock [pc]."""
        return (source.release.shock(),) if isinstance(source.release, Escaping) else ()

    def fronts(self, source: Released, momentum: Energy) -> tuple[Front, ...]:
        """The shock, as soft as the release is spread."""
        release = source.release
        return (Front(release.shock(), math.sqrt(2.0) * release.spread),) if isinstance(release, Escaping) else ()

    def solve(
        self, source: Released, medium: AbstractMedium | None, energy: EnergyGrid, surroundings: Surroundings
    ) -> HomogeneousField:
        """The Field inside the remnant."""
        release, shape = source.release, source.shape
        if not isinstance(release, Escaping) or not isinstance(shape, RemnantShell | RemnantBall):
            raise ValueError(
                "only a release of kind 'escape' from a 'remnant-shell' or 'remnant-ball' leaves particles trapped; "
                f"this is a {type(release).__name__} from a {type(shape).__name__}"
            )
        shock, momentum = release.shock(), energy.momentum
        amplitude = source.amplitude(energy.kinetic) * (1.0 - release.escaped(momentum))
        smearing = jnp.full_like(momentum, 0.5) * (release.spread * shock) ** 2
        time, status = jnp.ones_like(shock), jnp.zeros((), int)
        return closed(amplitude, time, smearing, (shock,), status, BURSTS[shape.geometry])
