"""Diffusion along a magnetic field: faster than across it, or tied to field lines that wander. Not round on the sky."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar, param
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.source.escape import Escaping
from jaxcrc.source.release import AbstractHistory, Burst, Released
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Surroundings, Symmetry
from jaxcrc.transport.homogeneous import column, validity
from jaxcrc.transport.kernels.field import anisotropic_burst, field_line_burst
from jaxcrc.transport.kernels.history import released

_AZIMUTH = "direction of the field on the sky, from north to east"
_INCLINATION = "angle between the field and the line of sight"


def axis(inclination: Scalar, azimuth: Scalar) -> Float[Array, "3"]:
    """Unit vector along the field in the frame of positions: north, east, away from us. Arguments: both [deg]."""
    slant, turn = jnp.deg2rad(inclination), jnp.deg2rad(azimuth)
    across = jnp.sin(slant)
    return jnp.stack([across * jnp.cos(turn), across * jnp.sin(turn), jnp.cos(slant)])


class AlongField(AbstractField):
    """n(T, x) = amplitude(T) · kernel(z, ϱ, t, κ(T), …), z along the axis, or a sum of them over a long release."""

    amplitude: Energy
    time: Scalar | Energy
    history: AbstractHistory | None
    kappa: Energy
    across: Energy | Scalar
    size: Scalar | Energy | None
    axis: Float[Array, "3"]
    status: Bits

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc]."""
        along = position @ self.axis
        beside = position - along[:, None] * self.axis
        squared = jnp.sum(beside**2, axis=-1)
        # On the axis itself the root has no slope.
        rho = jnp.where(squared > 0.0, jnp.sqrt(jnp.where(squared > 0.0, squared, 1.0)), 0.0)
        z, rho, kappa, time = along[None, :], rho[None, :], self.kappa[:, None], column(self.time)
        across, size = column(self.across), None if self.size is None else column(self.size)
        if self.history is None:
            return self.amplitude[:, None] * _burst(z, rho, time, kappa, across, size)

        def burst(look: Array) -> Array:
            disc = None if size is None else size[..., None]
            return _burst(z[..., None], rho[..., None], look, kappa[..., None], across[..., None], disc)

        exponent = z**2 / (4.0 * kappa * time) + (rho**2 / (4.0 * across * time) if size is None else 0.0)
        duration, clustering = self.history.duration(), self.history.clustering()
        return self.amplitude[:, None] * released(burst, self.history.rate, exponent, time, duration, clustering)


def _burst(z: Array, rho: Array, time: Array, kappa: Array, across: Array, size: Array | None) -> Array:
    """A burst of anisotropic diffusion (across: κ_⊥), or along field lines from a disc (across: D_m)."""
    if size is None:
        return anisotropic_burst(z, rho, time, kappa, across)
    return field_line_burst(z, rho, time, kappa, across, size)


def _field(
    source: Released,
    medium: AbstractMedium,
    energy: EnergyGrid,
    across: Energy | Scalar,
    size: Scalar | Energy | None,
    direction: Float[Array, "3"],
) -> AlongField:
    release, momentum = source.release, energy.momentum
    kappa, amplitude, time = medium.kappa(momentum), source.amplitude(energy.kinetic), release.time()
    status = validity(kappa, energy, time)
    history = release if isinstance(release, AbstractHistory) else None
    if isinstance(release, Escaping):
        amplitude, time = amplitude * release.escaped(momentum), release.since(momentum, kappa)
    elif history is None and not isinstance(release, Burst):
        raise ValueError(f"no solution along a field for a release of kind {type(release).__name__}")
    return AlongField(
        amplitude=amplitude,
        time=time,
        history=history,
        kappa=kappa,
        across=across,
        size=size,
        axis=direction,
        status=status,
    )


class Anisotropic(AbstractTransport[Released, AbstractMedium]):
    """κ along a straight field, a fixed share of it across: for a point source.

    Source: Nava & Gabici 2013; a strong field has κ_⊥/κ_∥ ≈ M_A⁴.
    Errors: ValueError for a source that is not a point, or an unknown release.
    Validity: t ≫ κ_∥/c².
    """

    sources: ClassVar = (Released,)

    log10_ratio: Scalar = param("dex", "log10 of κ_⊥/κ_∥, the medium's κ being κ_∥", low=-6.0, high=1.0)
    inclination: Scalar = param("deg", _INCLINATION, low=0.0, high=180.0, default=90.0)
    azimuth: Scalar = param("deg", _AZIMUTH, default=0.0)

    def symmetry(self, source: Released) -> Symmetry:
        """None: it has an axis."""
        return Symmetry.NONE

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> AlongField:
        """The Field of a point source in a straight field."""
        if source.shape.geometry != "point":
            raise ValueError(f"anisotropic diffusion starts from a point, not from a {type(source.shape).__name__}")
        across = medium.kappa(energy.momentum) * 10.0**self.log10_ratio
        return _field(source, medium, energy, across, None, axis(self.inclination, self.azimuth))


class FieldLines(AbstractTransport[Released, AbstractMedium]):
    """Particles tied to field lines that wander away from the mean field, released from a disc across it.

    The disc has the radius of the source's shape: of a remnant, R_esc of each momentum.
    Source: Nava & Gabici 2013. Errors: ValueError for a point source, or an unknown release.
    Validity: distances along the field beyond its coherence length, t ≫ κ/c².
    """

    sources: ClassVar = (Released,)

    log10_magnetic_diffusion: Scalar = param("dex(pc)", "log10 of D_m of the field lines, ⟨Δx²⟩ = 2 D_m |z|")
    inclination: Scalar = param("deg", _INCLINATION, low=0.0, high=180.0, default=90.0)
    azimuth: Scalar = param("deg", _AZIMUTH, default=0.0)

    def symmetry(self, source: Released) -> Symmetry:
        """None: it has an axis."""
        return Symmetry.NONE

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> AlongField:
        """The Field of a source that releases onto wandering lines."""
        size = source.shape.size(source.release, energy.momentum)
        if not size:
            raise ValueError(
                "field lines start from a disc: give the source a shell or ball with a radius, not a point"
            )
        spread = 10.0**self.log10_magnetic_diffusion
        return _field(source, medium, energy, spread, size[0], axis(self.inclination, self.azimuth))
