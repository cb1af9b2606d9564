"""When and from where the particles leave: release histories and shapes of the source."""

from __future__ import annotations

import math
from abc import abstractmethod

import equinox as eqx

from jaxcrc._types import Energy, Scalar, param
from jaxcrc.source.spectrum import AbstractSpectrum
from jaxcrc.units import ENERGY_UNIT_GEV_PER_PC3, LOG10_ENERGY_UNIT_ERG, S_PER_KYR


class AbstractShape(eqx.Module):
    """Where the particles leave from, around the source's centre."""


class Point(AbstractShape):
    """All particles leave from the centre."""


class Ball(AbstractShape):
    """Particles leave uniformly from the inside of a sphere (Celli et al. 2019)."""

    radius: Scalar = param("pc", "radius of the releasing sphere", low=0.0)


def _kyr(log10_years: Scalar) -> Scalar:
    return 10.0 ** (log10_years - 3.0)


class AbstractRelease(eqx.Module):
    """How much leaves, and since when."""

    @abstractmethod
    def time(self) -> Scalar:
        """Time since the release began [kyr]."""

    @abstractmethod
    def strength(self) -> Scalar:
        """What multiplies the kernel per particle: [GeV cm⁻³ pc³], per kyr for a release that goes on."""


class Burst(AbstractRelease):
    """All particles at once: W at t = 0."""

    log10_energy: Scalar = param("dex(erg)", "log10 of the energy released in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release")

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return _kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Released energy [GeV cm⁻³ pc³]."""
        return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_energy - LOG10_ENERGY_UNIT_ERG)


class Continuous(AbstractRelease):
    """A constant power L since t = 0."""

    log10_power: Scalar = param("dex(erg / s)", "log10 of the power released in cosmic rays, 1 GeV to 5 PeV")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release began")

    def time(self) -> Scalar:
        """Time since the release began [kyr]."""
        return _kyr(self.log10_age)

    def strength(self) -> Scalar:
        """Released power [GeV cm⁻³ pc³ kyr⁻¹]."""
        per_kyr = math.log10(S_PER_KYR) - LOG10_ENERGY_UNIT_ERG
        return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_power + per_kyr)


class Released(eqx.Module):
    """A source with a spectrum, a history and a shape: N(T) = W · spectrum(T).

    `spectrum` gives particles per GeV of kinetic energy for each GeV released [GeV⁻²].
    """

    spectrum: AbstractSpectrum
    release: AbstractRelease
    shape: AbstractShape = Point()

    def amplitude(self, kinetic: Energy) -> Energy:
        """Number released per GeV, in the units that turn a kernel [pc⁻³] into a density [GeV⁻¹ cm⁻³]."""
        return self.release.strength() * self.spectrum(kinetic)
