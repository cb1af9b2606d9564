"""Absorption of gamma rays by pair production on isotropic grey-body radiation."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from functools import lru_cache, reduce
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import as_parameter, plain_numbers
from jaxcrc.interactions.photon_fields import grey_bodies, thermal_energy
from jaxcrc.numerics.lookup import Lookup, look_up, tabulate
from jaxcrc.numerics.quadrature import gauss_panels

SMALLEST, LARGEST = 1e-2, 1e8  # of kT E_γ/(m_ec²)²: below, pairs are made only by photons in the far Wien tail
PLANCK_END = 60.0
GEV_PER_EV = 1.0e-9
# 15 σ_T/π⁴ × 1 eV over 1 kpc [GeV kpc⁻¹ cm³]: with kT [GeV] below.
RATE = 15.0 / math.pi**4 * units.THOMSON_CM2 * GEV_PER_EV * 1.0e3 * units.CM_PER_PC


@plain_numbers
def pair_opacity(photon: ArrayLike, fields: Iterable[Any]) -> Float[Array, "..."]:
    """Optical depth to pair production for each kiloparsec of isotropic grey-body radiation [kpc⁻¹].

    dτ/dl = ∫ n(ε) ½∫ (1 − μ) σ(s) dμ dε, s = εE_γ(1 − μ)/2(m_ec²)²,
    σ = (3/16) σ_T (1 − β²) {(3 − β⁴) ln[(1 + β)/(1 − β)] − 2β(2 − β²)}, β² = 1 − 1/s.

    Source: Breit & Wheeler 1934; Gould & Schréder 1967.
    Arguments: photon — photon energies [GeV]; fields — list of names, of pairs (temperature [K], energy density
    [eV cm⁻³]) or of photon fields. Errors: ValueError for an unknown name or an empty list.
    Validity: isotropic fields that are the same along the way; kT E_γ from 1e-2 (m_ec²)², below which the opacity is
    less than 1e-40 of its peak and taken as zero, to 1e8 (m_ec²)².
    """
    photon = as_parameter(photon)
    terms = (_opacity(photon, body.temperature, body.energy_density) for body in grey_bodies(fields))
    return reduce(operator.add, terms)


def _opacity(photon: Array, temperature: float, density: Any) -> Array:
    thermal = thermal_energy(temperature)
    b = photon * (thermal / units.ELECTRON_MASS) / units.ELECTRON_MASS
    value = (RATE / thermal) * jnp.asarray(density, photon.dtype) * look_up(_table(), jnp.maximum(b, SMALLEST))
    return jnp.where(b > SMALLEST, value, 0.0)


@lru_cache(maxsize=1)
def _table() -> Lookup:
    """A(b) = ∫ u²/(eᵘ − 1) R(b u) du, R(s₀) = ½∫ (1 − μ) σ dμ/σ_T."""
    return tabulate(_planck_mean, SMALLEST, LARGEST, 40, 10)


def _planck_mean(b: np.ndarray) -> np.ndarray:
    part, weight = gauss_panels(np.concatenate([np.linspace(0.0, 0.2, 9), np.linspace(0.25, 1.0, 13)]), 6)
    low = 1.0 / b[:, None]
    # u from the threshold 1/b to where the Planck spectrum has died, in ln u.
    end = np.log((low + PLANCK_END) / low)
    u = low * np.exp(end * part)
    planck = np.exp(-u) / -np.expm1(-u) * u**3
    return ((end * weight) * planck * _mean_over_angles(b[:, None] * u)).sum(axis=1)


def _mean_over_angles(s0: np.ndarray) -> np.ndarray:
    """R(s₀) = (2/s₀²) ∫_1^s₀ s σ(s)/σ_T ds, by quadrature in ln s, once for all s₀ on a fine grid."""
    log = np.linspace(0.0, math.log(1.0 + LARGEST * 2.0 * PLANCK_END + 1.0 / SMALLEST), 12001)
    part, weight = gauss_panels((-1.0, 1.0), 4)
    half = 0.5 * np.diff(log)[:, None]
    s = np.exp(log[:-1, None] + half * (1.0 + part))
    beta = np.sqrt(1.0 - 1.0 / s)
    logarithm = 2.0 * np.log((1.0 + beta) * np.sqrt(s))
    sigma = 3.0 / 16.0 / s * ((3.0 - beta**4) * logarithm - 2.0 * beta * (2.0 - beta**2))
    integral = np.concatenate([[0.0], np.cumsum((half * weight * s**2 * sigma).sum(axis=1))])
    where = np.log(np.maximum(s0, 1.0))
    return 2.0 / s0**2 * np.interp(where, log, integral)
