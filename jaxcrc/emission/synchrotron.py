"""Synchrotron radiation of electrons in a magnetic field of random directions."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import as_parameter, plain_numbers
from jaxcrc.emission.inputs import bands, energies, grid
from jaxcrc.emission.product import band_nodes, product_matrix, sum_bands

HBAR_ERG_S = units.HBAR_C_GEV_CM * units.ERG_PER_GEV / units.LIGHT_SPEED_CM_S
_MASS_ERG = units.ELECTRON_MASS * units.ERG_PER_GEV
# 3eħB/2m_ec at 1 µG [GeV], and √3 e³B/(2π m_ec² ħ) [s⁻¹].
CRITICAL = 1.5e-6 * units.ELECTRON_CHARGE_ESU * units.HBAR_C_GEV_CM / _MASS_ERG
RATE = math.sqrt(3.0) * units.ELECTRON_CHARGE_ESU**3 * 1.0e-6 / (2.0 * math.pi * _MASS_ERG * HBAR_ERG_S)
LARGEST = 600.0  # of E_γ/E_c: nothing is emitted above


@plain_numbers
def synchrotron_emission(photon: ArrayLike, energy: ArrayLike, field: ArrayLike) -> Float[Array, "photon energy"]:
    """Matrix from the density of electrons to the emissivity of synchrotron radiation [s⁻¹].

    q = ∫ dN/dE_γdt n_e(E) dE = M @ n_e(energy), with dN/dE_γdt = √3 e³B/(2π m_ec² ħ E_γ) G(E_γ/E_c),
    E_c = 3eħBγ²/(2m_ec).

    Source: Aharonian, Kelner & Prosekin 2010, Eqs. D1 and D7: the mean over directions, G as their approximation, good
    to 0.2 % for E_γ < 20 E_c.
    Arguments: photon — photon energies [GeV], 1 keV being 1e-6; energy — total energies of electrons [GeV],
    increasing; field — magnetic field strength [µG], positive; may be traced.
    Errors: ValueError for energies that are not positive, increasing and one-dimensional, and for a field that is not
    positive.
    Validity: photons far below the electron's energy; on 20 energies a decade power laws within
    1e-5, where the last energies count 3e-4.
    """
    photon, energy = energies("photon", photon), grid(energy)
    field = _strength(field, energy)
    return product_matrix(photon, energy, Partial(electron_spectrum, field), Partial(_least, field), ())


@plain_numbers
def synchrotron_band_emission(
    photon_min: ArrayLike, photon_max: ArrayLike, energy: ArrayLike, field: ArrayLike
) -> Float[Array, "band energy"]:
    """Matrix from the density of electrons to the number of synchrotron photons in bands [GeV s⁻¹].

    Arguments: photon_min, photon_max — edges of the bands [GeV]; the rest and errors as in `synchrotron_emission`.
    """
    low, high = bands(photon_min, photon_max)
    photon, width = band_nodes(low, high, 1.0)
    return sum_bands(synchrotron_emission(photon.ravel(), energy, field), width)


def _strength(field: ArrayLike, energy: Array) -> Array:
    field = energies("field", jnp.atleast_1d(as_parameter(field)), "µG")
    if field.size != 1:
        raise ValueError(f"field has {field.size} values; give one strength [µG]")
    return field[0].astype(energy.dtype)


def _least(field: Array, photon: Array) -> Array:
    """Energy of an electron below which nothing is emitted at the photon's energy [GeV]."""
    return units.ELECTRON_MASS * jnp.sqrt(photon / (LARGEST * CRITICAL * field))


@jax.jit
def electron_spectrum(field: Array, photon: Array, energy: Array) -> Array:
    """dN/dE_γdt of one electron [GeV⁻¹ s⁻¹]."""
    gamma = energy / units.ELECTRON_MASS
    # One factor after the other: their product would underflow in single precision, and its square does in gradients.
    x = (1.0 / CRITICAL) * photon / field / gamma / gamma
    return RATE * field / photon * emissivity_function(jnp.minimum(x, LARGEST))


def emissivity_function(x: ArrayLike) -> Array:
    """G(x), x = E_γ/E_c > 0; Aharonian, Kelner & Prosekin 2010, Eq. D7."""
    x = jnp.asarray(x)
    third = jnp.cbrt(x)
    square = third**2
    shape = (1.0 + 2.21 * square + 0.347 * square**2) / (1.0 + 1.353 * square + 0.217 * square**2)
    return 1.808 * third / jnp.sqrt(1.0 + 3.4 * square) * shape * jnp.exp(-x)
