"""Energy density of cosmic rays from the gamma rays of gas of known mass, as analyses of rings and clouds do it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxcrc import units
from jaxcrc._types import as_parameter, plain_numbers
from jaxcrc.emission.hadronic import MODELS, Nuclear, hadronic_emission
from jaxcrc.emission.product import band_nodes

ABOVE, SHINING_ABOVE = 1.0e4, 1.0e3  # energies [GeV] of the cosmic rays and of the photons that are counted
INDICES, CUTOFFS = (2.0, 2.2, 2.4, 2.6), (1.0e6, 1.0e7)  # of the protons, over which the estimate is spread [GeV]
EV_PER_GEV = 1.0e9


class Estimate(NamedTuple):
    """An energy density [eV cm⁻³], and its lowest and highest value over what is not known."""

    value: Array
    low: Array
    high: Array


@plain_numbers
def published_energy_density(luminosity: ArrayLike, mass: ArrayLike, eta: ArrayLike = 1.5) -> Array:
    """Energy density of cosmic rays above 10 TeV [eV cm⁻³]: 1.8e-2 (η/1.5)⁻¹ (L/1e34 erg s⁻¹) (M/1e6 M_sun)⁻¹.

    Source: H.E.S.S. Collaboration 2016; Aharonian, Yang & de Oña Wilhelmi 2019.
    Arguments: luminosity — in gamma rays above 1 TeV [erg s⁻¹]; mass — of the gas [M_sun]; eta — factor for nuclei.
    Validity: the protons' index near 2.3; the factor 1.8e-2 itself is uncertain by 15 %.
    """
    return 1.8e-2 * 1.5 / as_parameter(eta) * (as_parameter(luminosity) / 1.0e34) / (as_parameter(mass) / 1.0e6)


@plain_numbers
def cr_energy_density(
    luminosity: ArrayLike,
    mass: ArrayLike,
    nuclear: Nuclear = 1.5,
    models: Sequence[str] = tuple(MODELS),
    indices: Sequence[float] = INDICES,
    cutoffs: Sequence[float] = CUTOFFS,
    mass_per_hydrogen: float = units.MEAN_MASS_PER_HYDROGEN,
) -> Estimate:
    """Energy density of cosmic rays above 10 TeV from gas that shines above 1 TeV, with its systematic [eV cm⁻³].

    w = L m_H/M · ∫ T n dT/∫ E_γ (q/n_H) dE_γ for n ∝ E^−α exp(−E/E_cut): the volume cancels.

    Arguments: luminosity — in gamma rays above 1 TeV [erg s⁻¹]; mass — of the gas [M_sun], helium included; nuclear —
    as in `hadronic_emission`; models, indices, cutoffs [GeV] — over whose combinations the estimate is spread: its
    value is their geometric mean, low and high (by default a factor of two apart) the extremes; mass_per_hydrogen —
    gas mass for each hydrogen nucleus [m_H].
    Errors: ValueError for an unknown model.
    Validity: gas and cosmic rays uniform where the light comes from.
    """
    ratios = [
        _ratio(model, nuclear, index, cutoff) for model, index, cutoff in itertools.product(models, indices, cutoffs)
    ]
    hydrogen = units.SOLAR_MASS_G / (mass_per_hydrogen * units.HYDROGEN_MASS_G)
    # 1e6 M_sun and 1e34 erg/s, so that no single-precision number overflows.
    scale = 1.0e28 / units.ERG_PER_GEV / hydrogen * EV_PER_GEV
    light = (as_parameter(luminosity) / 1.0e34) / (as_parameter(mass) / 1.0e6)
    middle = math.exp(float(np.mean(np.log(ratios))))
    return Estimate(*(light * (scale * ratio) for ratio in (middle, min(ratios), max(ratios))))


def _ratio(model: str, nuclear: Nuclear, index: float, cutoff: float) -> float:
    """∫ T n dT above 10 TeV over the power in photons above 1 TeV for each hydrogen nucleus [s]."""
    last = 30.0 * cutoff
    energy = np.geomspace(SHINING_ABOVE, last, math.ceil(20 * math.log10(last / SHINING_ABOVE)) + 1)
    ends = np.geomspace(SHINING_ABOVE, 3.0 * cutoff, 5)
    photon, width = (np.asarray(x) for x in band_nodes(jnp.asarray(ends[:-1]), jnp.asarray(ends[1:]), 1.0))

    def density(kinetic: np.ndarray) -> np.ndarray:
        total = kinetic + units.PROTON_MASS
        return (total / ABOVE) ** -index * np.exp(-total / cutoff)

    emissivity = np.asarray(hadronic_emission(photon.ravel(), energy, model, nuclear)) @ density(energy)
    node, weight = np.polynomial.legendre.leggauss(60)
    half = 0.5 * math.log(last / ABOVE)
    kinetic = ABOVE * np.exp(half * (1.0 + node))
    held = half * np.sum(weight * kinetic**2 * density(kinetic))
    return float(held / np.sum(width.ravel() * photon.ravel() * emissivity))
