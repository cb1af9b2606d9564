"""Bremsstrahlung of electrons on hydrogen and helium, neutral or ionised."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import plain_numbers
from jaxcrc.emission.inputs import bands, energies, grid
from jaxcrc.emission.product import GRADED, band_nodes, product_matrix, sum_bands
from jaxcrc.interactions.bremsstrahlung import CROSS_SECTION, GASES, HELIUM, bracket, check_gas

RATE = units.LIGHT_SPEED_CM_S * CROSS_SECTION  # c α r_e² [cm³ s⁻¹]


@plain_numbers
def bremsstrahlung_emission(
    photon: ArrayLike, energy: ArrayLike, gas: str = "neutral", helium: float = 0.1
) -> Float[Array, "photon energy"]:
    """Matrix from the density of electrons to the emissivity of bremsstrahlung, for each hydrogen nucleus [cm³ s⁻¹].

    q = c n_H ∫ dσ/dE_γ n_e(E) dE = n_H M @ n_e(energy), with q [GeV⁻¹ cm⁻³ s⁻¹] and
    dσ/dE_γ = (α r_e²/E_γ) {[1 + (1 − z)²] φ_1 − (2/3)(1 − z) φ_2}, nuclei and their electrons counted.

    Source: Blumenthal & Gould 1970, Eq. 3.1 and Section 3.
    Arguments: photon — photon energies [GeV]; energy — total energies of electrons [GeV], increasing; gas — "neutral"
    (screened) or "ionised"; helium — its nuclei for each of hydrogen, each counted as three hydrogen atoms (within
    2 %).
    Errors: ValueError for an unknown gas, and for energies that are not positive, increasing and one-dimensional.
    Validity: electrons and photons above a few MeV; on 20 energies a decade power laws within 1e-5.
    """
    check_gas(gas)
    photon, energy = energies("photon", photon), grid(energy)
    matrix = product_matrix(photon, energy, KERNELS[gas], Partial(_least), (), GRADED)
    return matrix * (1.0 + HELIUM * helium)


@plain_numbers
def bremsstrahlung_band_emission(
    photon_min: ArrayLike, photon_max: ArrayLike, energy: ArrayLike, gas: str = "neutral", helium: float = 0.1
) -> Float[Array, "band energy"]:
    """Matrix from the density of electrons to the number of photons in bands [GeV cm³ s⁻¹].

    Arguments: photon_min, photon_max — edges of the bands [GeV]; the rest and errors as in `bremsstrahlung_emission`.
    """
    low, high = bands(photon_min, photon_max)
    photon, width = band_nodes(low, high, 1.0)
    return sum_bands(bremsstrahlung_emission(photon.ravel(), energy, gas, helium), width)


def _least(photon: Array) -> Array:
    """Least total energy of an electron for a photon [GeV]."""
    return photon + units.ELECTRON_MASS


@functools.partial(jax.jit, static_argnames="gas")
def electron_spectrum(photon: Array, energy: Array, gas: str) -> Array:
    """dN/dE_γdt of one electron in one hydrogen nucleus per cm³ [GeV⁻¹ s⁻¹]."""
    possible = energy - photon > units.ELECTRON_MASS
    energy = jnp.where(possible, energy, 2.0 * photon + 2.0 * units.ELECTRON_MASS)
    left = energy - photon
    delta = jnp.minimum(0.5 * units.ELECTRON_MASS / left * (photon / energy), 1.0)
    rate = RATE / photon * bracket(photon / energy, delta, gas)
    return jnp.where(possible, rate, 0.0)


KERNELS = {gas: Partial(functools.partial(electron_spectrum, gas=gas)) for gas in GASES}
