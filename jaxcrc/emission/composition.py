"""Nuclei in cosmic rays and gas: the factor by which they raise what protons on hydrogen emit."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxcrc._types import as_parameter
from jaxcrc.interactions.inelastic import inelastic_cross_section

JOINS = (1.0, 1.0e3)  # kinks of the factor [GeV]
RADIUS_MB = math.pi * 1.36**2 * 10.0  # π r₀², r₀ = 1.36 fm [mb]
MASS_NUMBERS = {"He": 4, "C": 12, "N": 14, "O": 16, "Ne": 20, "Mg": 24, "Si": 28, "S": 32, "Fe": 56}


class Composition(NamedTuple):
    """Nuclei heavier than hydrogen, {symbol: number for each proton}.

    In cosmic rays the numbers compare spectra at the same energy per nucleon; in the gas they are number densities.
    """

    cosmic_rays: tuple[tuple[str, float], ...] = ()
    gas: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, cosmic_rays: Mapping[str, float], gas: Mapping[str, float]) -> Composition:
        """A composition from dictionaries. Errors: ValueError for an unknown nucleus or a negative number."""
        for name, number in (*cosmic_rays.items(), *gas.items()):
            if name not in MASS_NUMBERS:
                raise ValueError(f"unknown nucleus {name!r} of a composition; known: {', '.join(MASS_NUMBERS)}")
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 <= number < math.inf:
                raise ValueError(f"{number!r} is no number of {name} for each proton; give one from 0 on")
        return cls(tuple(sorted(cosmic_rays.items())), tuple(sorted(gas.items())))


def proton_nucleus_cross_section(energy: ArrayLike, mass_number: float) -> Array:
    """Reaction cross-section of a proton on a nucleus [mb].

    σ = π r₀² [1 + A^{1/3} − β₀ (1 + A^{−1/3})]² G, β₀ = 2.247 − 0.915 (1 + A^{−1/3}), rising with energy like that of
    protons, G = 1 + ln max[1, σ_pp(T)/σ_pp(1 TeV)].

    Source: Sihver et al. 1993; Kafexhiu et al. 2014, Eqs. 21–23. Arguments: energy — kinetic energy per nucleon [GeV].
    """
    energy = as_parameter(energy)
    third = mass_number ** (1.0 / 3.0)
    overlap = 2.247 - 0.915 * (1.0 + 1.0 / third)
    flat = RADIUS_MB * (1.0 + third - overlap * (1.0 + 1.0 / third)) ** 2
    ratio = inelastic_cross_section(energy) / inelastic_cross_section(jnp.asarray(1e3, energy.dtype))
    return flat * (1.0 + jnp.log(jnp.maximum(ratio, 1.0)))


@functools.partial(jax.jit, static_argnames="composition")
def enhancement(energy: ArrayLike, composition: Composition) -> Array:
    """Emission of a composition over that of its protons on its hydrogen.

    ε = Σ_ij X_i Y_j (A_i σ_pj + A_j σ_pi)/(2σ_pp): each nucleus radiates as many times as it has wounded nucleons.

    Source: the wounded-nucleon model, as in Kafexhiu et al. 2014, Eq. 24. Arguments: energy — kinetic energy per
    nucleon [GeV], held at 1 GeV below.
    """
    energy = jnp.maximum(as_parameter(energy), 1.0)
    proton = inelastic_cross_section(energy)

    def nuclei(numbers: tuple[tuple[str, float], ...]) -> list[tuple[float, float, Array | float]]:
        heavy = [(MASS_NUMBERS[name], number) for name, number in numbers]
        return [(1.0, 1.0, 1.0), *((a, x, proton_nucleus_cross_section(energy, a) / proton) for a, x in heavy)]

    return sum(
        0.5 * x * y * (mass * struck + target * striking)
        for mass, x, striking in nuclei(composition.cosmic_rays)
        for target, y, struck in nuclei(composition.gas)
    ) + jnp.zeros_like(energy)
