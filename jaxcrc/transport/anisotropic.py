"""Diffusion along a magnetic field: faster than across it, or tied to field lines that wander. Not round on the sky."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxcrc._types import Scalar, param
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.source.escape import Escaping
from jaxcrc.source.release import AbstractHistory, Burst, Released
from jaxcrc.transport.along import Spreading
from jaxcrc.transport.base import AbstractTransport, EnergyGrid, Surroundings, Symmetry
from jaxcrc.transport.homogeneous import validity
from jaxcrc.transport.tied import Tied

_AZIMUTH = "direction of the field on the sky, from north to east"
_INCLINATION = "angle between the field and the line of sight"


def _given(
    source: Released, medium: AbstractMedium, energy: EnergyGrid, inclination: Scalar, azimuth: Scalar
) -> dict[str, Any]:
    """What a field along an axis is made of. Errors: ValueError for an unknown release."""
    release, momentum = source.release, energy.momentum
    kappa, amplitude, time = medium.kappa(momentum), source.amplitude(energy.kinetic), release.time()
    status = validity(kappa, energy, time)
    history = release if isinstance(release, AbstractHistory) else None
    if isinstance(release, Escaping):
        amplitude, time = amplitude * release.escaped(momentum), release.since(momentum, kappa)
    elif history is None and not isinstance(release, Burst):
        raise ValueError(f"no solution along a field for a release of kind {type(release).__name__}")
    slant, turn = jnp.deg2rad(inclination), jnp.deg2rad(azimuth)
    return {
        "amplitude": amplitude,
        "time": time,
        "history": history,
        "kappa": kappa,
        "slant": slant,
        "turn": turn,
        "feeds": energy.feeds,
        "status": status,
    }


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
        """An axis."""
        return Symmetry.AXIS

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> Spreading:
        """The Field of a point source in a straight field."""
        if source.shape.geometry != "point":
            raise ValueError(f"anisotropic diffusion starts from a point, not from a {type(source.shape).__name__}")
        given = _given(source, medium, energy, self.inclination, self.azimuth)
        return Spreading(**given, ratio=10.0**self.log10_ratio)


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
        """An axis."""
        return Symmetry.AXIS

    def solve(self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings) -> Tied:
        """The Field of a source that releases onto wandering lines."""
        size = source.shape.size(source.release, energy.momentum)
        if not size:
            raise ValueError(
                "field lines start from a disc: give the source a shell or ball with a radius, not a point"
            )
        given = _given(source, medium, energy, self.inclination, self.azimuth)
        return Tied(**given, across=10.0**self.log10_magnetic_diffusion, size=size[0])
