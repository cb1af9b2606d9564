"""Gamma rays from π⁰ of proton-proton collisions, after Kafexhiu et al. 2014 (Phys. Rev. D 90, 123014).

The fit is piecewise: data below 1 GeV, Geant4 above, one of four event generators at the highest energies. Its pieces
do not meet: at the joins the cross-section jumps by some per cent, and its derivative is that of the piece.
Energies of protons are kinetic.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxcrc._types import as_parameter
from jaxcrc.interactions.inelastic import PION_THRESHOLD, inelastic_cross_section
from jaxcrc.units import PION_MASS, PROTON_MASS

RESONANCE_MASS = 1.1883  # [GeV]
RESONANCE_WIDTH = 0.2264  # [GeV]
TWO_PION_THRESHOLD = 0.56  # [GeV]
NUCLEAR_JOINS = (1.0, 1.0e3)  # kinks of the nuclear enhancement [GeV]


class Generator(NamedTuple):
    """Coefficients of an event generator, used above the energy `transition` [GeV]; Tables IV, V and VII."""

    transition: float
    multiplicity: tuple[float, float, float, float, float]  # a1 ... a5
    peak: tuple[float, float, float]  # b1 ... b3
    shape: tuple[float, float]  # λ, β


GENERATORS = {
    "geant4": Generator(100.0, (0.728, 0.596, 0.491, 0.2503, 0.117), (9.13, 0.35, 9.7e-3), (3.0, 4.9)),
    "pythia8": Generator(50.0, (0.652, 0.0016, 0.488, 0.1928, 0.483), (9.06, 0.3795, 0.01105), (3.5, 4.0)),
    "sibyll": Generator(100.0, (5.436, 0.254, 0.072, 0.075, 0.166), (10.77, 0.412, 0.01264), (3.55, 3.6)),
    "qgsjet": Generator(100.0, (0.908, 0.0009, 6.089, 0.176, 0.448), (13.16, 0.4419, 0.01439), (3.55, 4.5)),
}
"""The four high-energy models by name."""


def joins(generator: Generator) -> tuple[float, ...]:
    """Kinetic energies [GeV] at which the cross-section of `generator` jumps."""
    return (TWO_PION_THRESHOLD, 1.0, 2.0, 4.0, 5.0, 20.0, generator.transition)


@jax.jit
def cross_section(photon: ArrayLike, energy: ArrayLike, generator: Generator) -> Array:
    """Differential cross-section dσ/dE_γ of pp → π⁰ → γ [mb GeV⁻¹].

    dσ/dE_γ = A_max(T) F(T, E_γ); zero below the threshold and beyond the kinematic limits of E_γ.

    Source: Kafexhiu et al. 2014, Eq. 8.
    Arguments: photon — photon energy [GeV]; energy — kinetic energy of the proton [GeV]; they broadcast.
    Validity: from the threshold to 1e6 GeV (Geant4 to 1e5 GeV); beyond, an extrapolation.
    """
    photon, energy = as_parameter(photon), as_parameter(energy)
    possible = (energy > PION_THRESHOLD) & (photon > 0.0)
    photon, energy = jnp.where(possible, photon, 0.5), jnp.where(possible, energy, 1.0)
    sigma = peak(energy, generator) * shape(photon, energy, generator)
    return jnp.where(possible, sigma, 0.0)


def pion_cross_section(energy: ArrayLike, generator: Generator) -> Array:
    """Inclusive cross-section of π⁰ production [mb].

    Source: Kafexhiu et al. 2014, Eqs. 1–7 and Table IV.
    Arguments: energy — kinetic energy of the proton [GeV].
    """
    energy = as_parameter(energy)
    above = energy > PION_THRESHOLD
    energy = jnp.where(above, energy, 1.0)
    multiplicity = jnp.where(energy < 5.0, _multiplicity_middle(energy), _multiplicity_high(energy, generator))
    high = inelastic_cross_section(energy) * multiplicity
    return jnp.where(above, jnp.where(energy < 2.0, _pion_cross_section_low(energy), high), 0.0)


def _pion_cross_section_low(energy: Array) -> Array:
    """One-pion (resonant) and two-pion cross-sections below 2 GeV [mb]; Kafexhiu et al. 2014, Eqs. 2–5."""
    energy = jnp.minimum(energy, 2.0)
    eta = _pion_momentum_cm(energy) / PION_MASS
    one_pion = 7.66e-3 * eta**1.95 * (1.0 + eta + eta**5) * _breit_wigner(energy) ** 1.86
    two_pion = 5.7 / (1.0 + jnp.exp(-9.3 * (energy - 1.4)))
    return one_pion + jnp.where(energy < TWO_PION_THRESHOLD, 0.0, two_pion)


def _breit_wigner(energy: Array) -> Array:
    """Relativistic Breit-Wigner shape of the Δ(1232); Kafexhiu et al. 2014, Eq. 4."""
    mass2, width2 = RESONANCE_MASS**2, RESONANCE_WIDTH**2
    g = (mass2 * (mass2 + width2)) ** 0.5
    norm = 8.0**0.5 * RESONANCE_MASS * RESONANCE_WIDTH * g / (jnp.pi * (mass2 + g) ** 0.5)
    root_s = 2.0 * PROTON_MASS * jnp.sqrt(1.0 + energy / (2.0 * PROTON_MASS))
    return PROTON_MASS * norm / (((root_s - PROTON_MASS) ** 2 - mass2) ** 2 + mass2 * width2)


def _multiplicity_middle(energy: Array) -> Array:
    """Mean number of π⁰ from 2 to 5 GeV; Kafexhiu et al. 2014, Eq. 6."""
    q = (jnp.clip(energy, 2.0, 5.0) - PION_THRESHOLD) / PROTON_MASS
    return -6e-3 + 0.237 * q - 0.023 * q**2


def _multiplicity_high(energy: Array, generator: Generator) -> Array:
    """Mean number of π⁰ above 5 GeV; Kafexhiu et al. 2014, Eq. 7 and Table IV."""
    a1, a2, a3, a4, a5 = _switch(energy, generator, "multiplicity")
    xi = (jnp.maximum(energy, 5.0) - 3.0) / PROTON_MASS
    return a1 * xi**a4 * (1.0 + jnp.exp(-a2 * xi**a5)) * (-jnp.expm1(-a3 * xi**0.25))


def _switch(energy: Array, generator: Generator, name: str) -> list[Array]:
    """Coefficients of Geant4 below the transition of `generator` and its own above."""
    pairs = zip(getattr(GENERATORS["geant4"], name), getattr(generator, name), strict=True)
    return [jnp.where(energy < generator.transition, geant4, own) for geant4, own in pairs]


def peak(energy: Array, generator: Generator) -> Array:
    """Largest value A_max of dσ/dE_γ over photon energies [mb GeV⁻¹]; Kafexhiu et al. 2014, Eq. 12 and Table VII.

    Arguments: energy — kinetic energy of the proton, above the threshold [GeV].
    """
    b1, b2, b3 = (
        jnp.where(energy < 5.0, middle, high)
        for middle, high in zip((9.53, 0.52, 0.054), _switch(energy, generator, "peak"), strict=True)
    )
    log = jnp.log(jnp.maximum(energy, 1.0) / PROTON_MASS)
    above = b1 * jnp.exp((b3 * log - b2) * log) / PROTON_MASS
    return jnp.where(energy < 1.0, 5.9 / maximum_pion_energy(energy), above) * pion_cross_section(energy, generator)


def shape(photon: Array, energy: Array, generator: Generator) -> Array:
    """Spectrum of the photons relative to its peak; Kafexhiu et al. 2014, Eqs. 9–11, 14, 15 and Table V.

    F = (1 − X^α)^β / (1 + X/C)^γ. X is a square, (E_γ − m_π/2)² / E_γ (E_π,max − m_π), and is used through its root,
    so that the photon energy m_π/2, where X vanishes, is no singular point of √X.
    Arguments: photon [GeV]; energy — kinetic energy of the proton, above the threshold [GeV].
    """
    limit = maximum_pion_energy(energy)
    root = jnp.abs(photon - 0.5 * PION_MASS) / jnp.sqrt(photon * (limit - PION_MASS))
    inside = root < 1.0
    root = jnp.where(inside, root, 0.5)
    lamb, beta, gamma = _shape_coefficients(energy, generator)
    fall = jnp.where(energy > 20.0, 1.0 - root, 1.0 - root**2) ** beta
    return jnp.where(inside, fall / (1.0 + root**2 * limit / (lamb * PION_MASS)) ** gamma, 0.0)


def _shape_coefficients(energy: Array, generator: Generator) -> tuple[Array, Array, Array]:
    """λ, β, γ of the spectrum; Kafexhiu et al. 2014, Table V with their κ(T) and μ(T), Eqs. 14 and 15."""
    kappa = 3.29 - 0.2 * (jnp.minimum(energy, 1.0) / PROTON_MASS) ** -1.5
    q = (jnp.clip(energy, 1.0, 20.0) - 1.0) / PROTON_MASS
    mu = 1.25 * q**1.25 * jnp.exp(-1.25 * q)
    high = energy > generator.transition
    pieces = [energy <= 1.0, energy <= 4.0, energy <= 20.0, ~high]
    lamb = jnp.select(pieces, [1.0, 3.0, 3.0, 3.0], generator.shape[0])
    beta = jnp.select(pieces, [kappa, mu + 2.45, 1.5 * mu + 4.95, 4.2], generator.shape[1])
    gamma = jnp.select(pieces, [0.0, mu + 1.45, mu + 1.5, 1.0], 1.0)
    return lamb, beta, gamma


def _pion_momentum_cm(energy: Array) -> Array:
    """Largest momentum of the pion in the centre-of-mass system [GeV], written without cancellation at threshold."""
    excess = 2.0 * PROTON_MASS * (energy - PION_THRESHOLD)
    four_s = 8.0 * PROTON_MASS * (energy + 2.0 * PROTON_MASS)
    return jnp.sqrt(excess * (excess + 8.0 * PROTON_MASS * PION_MASS) / four_s)


def maximum_pion_energy(energy: Array) -> Array:
    """Largest total energy of a pion in the laboratory [GeV]; Kafexhiu et al. 2014, Eq. 10.

    Arguments: energy — kinetic energy of the proton, above the threshold [GeV].
    """
    boost = energy / (2.0 * PROTON_MASS)
    root_s = 2.0 * PROTON_MASS * jnp.sqrt(1.0 + boost)
    pion = (2.0 * PROTON_MASS * energy + PION_MASS**2) / (2.0 * root_s)
    return jnp.sqrt(1.0 + boost) * pion + jnp.sqrt(boost) * _pion_momentum_cm(energy)


def minimum_proton_energy(photon: ArrayLike) -> Array:
    """Smallest kinetic energy of a proton that can make a photon of the given energy [GeV].

    The pion must have E = E_γ + m_π²/(4 E_γ), forward, against two protons that stay together: with M = m_p and
    m = m_π, (E_tot − E)² − (p − p_π)² = 4M², a quadratic aT² + 2hT − b² = 0; never less than the threshold.

    Arguments: photon — photon energy [GeV], positive.
    """
    photon = as_parameter(photon)
    # Slower pions than these are all made at threshold already.
    at_threshold = PION_MASS * (1.0 + PION_THRESHOLD / (2.0 * PROTON_MASS)) ** 0.5
    pion = jnp.maximum(photon + PION_MASS**2 / (4.0 * photon), at_threshold)
    half = 0.5 * PION_MASS**2
    a = 2.0 * PROTON_MASS * pion - PION_MASS**2 - PROTON_MASS**2
    b = 2.0 * PROTON_MASS * pion - half
    h = (2.0 * PROTON_MASS**2 + half - PROTON_MASS * pion) * pion - 3.0 * PROTON_MASS * half
    reduced = PROTON_MASS * pion - half
    root = jnp.sqrt(pion**2 - PION_MASS**2) * jnp.sqrt(reduced * (reduced + 4.0 * PROTON_MASS**2))
    slow = h > 0.0
    low = b**2 / jnp.where(slow, h + root, 1.0)
    return jnp.maximum(jnp.where(slow, low, (root - h) / jnp.where(slow, 1.0, a)), PION_THRESHOLD)


def nuclear_enhancement(energy: ArrayLike) -> Array:
    """Factor by which helium and heavier nuclei of cosmic rays and local interstellar gas raise the emission.

    ε = 1.37 + 0.39 · 10π mb G/σ_inel, G = 1 + ln max[1, σ_inel(T)/σ_inel(1 TeV)], held at 1.9141 below 1 GeV.

    Source: Kafexhiu et al. 2014, Eqs. 21–24, cross-section of Sihver et al. 1993.
    Arguments: energy — kinetic energy per nucleon [GeV].
    """
    energy = as_parameter(energy)
    sigma = inelastic_cross_section(jnp.maximum(energy, 1.0))
    growth = 1.0 + jnp.log(jnp.maximum(sigma / inelastic_cross_section(jnp.asarray(1e3, energy.dtype)), 1.0))
    return jnp.where(energy < 1.0, 1.9141, 1.37 + 0.39 * 10.0 * jnp.pi * growth / sigma)
