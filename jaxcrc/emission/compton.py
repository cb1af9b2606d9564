"""Gamma rays that electrons scatter out of grey-body radiation: inverse Compton emission, Klein–Nishina exact."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import plain_numbers
from jaxcrc.emission.inputs import bands, check_name, energies, grid
from jaxcrc.emission.product import GRADED, band_nodes, product_matrix, sum_bands
from jaxcrc.interactions.compton import METHODS, spectral_functions
from jaxcrc.interactions.photon_fields import grey_bodies, thermal_energy

GEV_PER_EV = 1.0e-9
# 45 σ_T c/4π⁴ × 1 eV: with (kT)² in GeV² below, the rate of a field of 1 eV cm⁻³ [GeV² s⁻¹].
RATE = 45.0 * units.THOMSON_CM2 * units.LIGHT_SPEED_CM_S / (4.0 * math.pi**4) * GEV_PER_EV


@plain_numbers
def inverse_compton_emission(
    photon: ArrayLike, energy: ArrayLike, fields: Iterable[Any], method: str = "exact"
) -> Float[Array, "photon energy"]:
    """Matrix from the density of electrons to the emissivity of inverse Compton scattering [s⁻¹].

    q = ∫ dN/dE_γdt n_e(E) dE = M @ n_e(energy), with q [GeV⁻¹ cm⁻³ s⁻¹], n_e [GeV⁻¹ cm⁻³], and
    dN/dE_γdt = (3σ_T c/4γ²) ∫ n(ε)/ε [2q ln q + (1 + 2q)(1 − q) + (Γq)²(1 − q)/(2 + 2Γq)] dε.

    Source: Jones 1968; Blumenthal & Gould 1970, Eq. 2.48; "khangulyan14": Khangulyan et al. 2014.
    Arguments: photon — photon energies [GeV]; energy — total energies of electrons [GeV], increasing: the integral runs
    from the first, or the photon's energy, to the last. fields — list of names, of pairs (temperature [K], energy
    density [eV cm⁻³]) or of photon fields; densities may be traced. method — "exact" or "khangulyan14" (within 1 %).
    Errors: ValueError for unknown names, an empty list, and for energies that are not positive, increasing and
    one-dimensional.
    Validity: isotropic fields, photons far above the field's; on 20 energies a decade power laws within 1e-5.
    """
    photon, energy = energies("photon", photon), grid(energy)
    bodies = grey_bodies(fields)
    parts = (_matrix(photon, energy, body.temperature, method) * _density(body, energy) for body in bodies)
    return functools.reduce(operator.add, parts)


@plain_numbers
def inverse_compton_band_emission(
    photon_min: ArrayLike, photon_max: ArrayLike, energy: ArrayLike, fields: Iterable[Any], method: str = "exact"
) -> Float[Array, "band energy"]:
    """Matrix from the density of electrons to the number of photons scattered into bands [GeV s⁻¹].

    Arguments: photon_min, photon_max — edges of the bands [GeV]; the rest and errors as in `inverse_compton_emission`.
    """
    low, high = bands(photon_min, photon_max)
    energy = grid(energy)
    photon, width = band_nodes(low, high, 1.0)
    return sum_bands(inverse_compton_emission(photon.ravel(), energy, fields, method), width)


def _density(body: Any, energy: Array) -> Array:
    return jnp.asarray(body.energy_density, energy.dtype)


def _matrix(photon: Array, energy: Array, temperature: float, method: str) -> Array:
    """The matrix of one field of 1 eV cm⁻³."""
    check_name("method of inverse Compton emission", method, METHODS)
    thermal = jnp.asarray(thermal_energy(temperature), energy.dtype)
    return product_matrix(photon, energy, Partial(KERNELS[method], thermal), Partial(_itself), (), GRADED)


def _itself(photon: Array) -> Array:
    """Least energy of an electron for a photon."""
    return photon


@functools.partial(jax.jit, static_argnames="method")
def electron_spectrum(thermal: Array, photon: Array, energy: Array, method: str = "exact") -> Array:
    """dN/dE_γdt of one electron in a field of 1 eV cm⁻³ and temperature kT = `thermal` [GeV⁻¹ s⁻¹]."""
    possible = energy > photon
    energy = jnp.where(possible, energy, 2.0 * photon)
    gamma = energy / units.ELECTRON_MASS
    left = (energy - photon) / energy
    z = photon / energy
    x = z / left * units.ELECTRON_MASS / (4.0 * gamma * thermal)
    f3, f4 = spectral_functions(x, method)
    rate = RATE / thermal**2 / gamma**2 * (f4 + 0.5 * z**2 / left * f3)
    return jnp.where(possible, rate, 0.0)


# One function object for each method: a compiled program is known by it.
KERNELS = {method: functools.partial(electron_spectrum, method=method) for method in METHODS}
