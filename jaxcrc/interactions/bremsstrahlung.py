"""Bremsstrahlung of relativistic electrons on hydrogen: the scattering functions of atoms and of bare charges.

dσ/dE_γ = (α r_e²/E_γ) {[1 + (1 − z)²] φ_1 − (2/3)(1 − z) φ_2}, z = E_γ/E, both the proton and the electron counted:

    φ_1 = 8 [1 + ∫_δ^1 (q − δ)² q⁻³ (1 − F) dq],
    φ_2 = 8 [5/6 + ∫_δ^1 (q³ − 6δ²q ln(q/δ) + 3δ²q − 4δ³) q⁻⁴ (1 − F) dq],  δ = E_γ m_ec²/[2E(E − E_γ)],

with F(q) = [1 + (q/2α)²]⁻² of the hydrogen atom and F = 0 in ionised gas; elastic and inelastic scattering on the
atom add up to 2(1 − F). Source: Blumenthal & Gould 1970, Section 3; Gould 1969.
"""

from __future__ import annotations

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from jaxcrc.numerics.lookup import Lookup, look_up, tabulate
from jaxcrc.numerics.quadrature import gauss_panels

GASES = ("neutral", "ionised")
FINE_STRUCTURE = 7.2973525693e-3
ELECTRON_RADIUS_CM = 2.8179403262e-13
CROSS_SECTION = FINE_STRUCTURE * ELECTRON_RADIUS_CM**2  # α r_e² [cm²]
HELIUM = 3.0  # a helium atom against one of hydrogen: Z² + Z over 2; 2.94 where screening is complete
SMALLEST = 1e-9  # of δ: below, the neutral atom is screened completely


def check_gas(gas: str) -> None:
    """ValueError for an unknown kind of gas."""
    if gas not in GASES:
        raise ValueError(f"unknown gas {gas!r} for bremsstrahlung; known: {', '.join(GASES)}")


def scattering_functions(delta: Float[Array, "*batch"], gas: str) -> tuple[Array, Array]:
    """φ_1 and φ_2 of δ from 0 to 1. Arguments: gas — "neutral" or "ionised" hydrogen."""
    if gas == "ionised":
        log = -jnp.log(delta)
        first = log - 2.0 * (1.0 - delta) + 0.5 * (1.0 - delta**2)
        second = (1.0 + 3.0 * delta**2) * log - 4.0 / 3.0 * (1.0 - delta**3)
        return 8.0 * (1.0 + first), 8.0 * (5.0 / 6.0 + second)
    return look_up(_table(1), delta), look_up(_table(2), delta)


@lru_cache(maxsize=2)
def _table(which: int) -> Lookup:
    return tabulate(lambda delta: _atom(delta)[which - 1], SMALLEST, 1.0, 24, 10)


def _atom(delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """φ_1 and φ_2 of the hydrogen atom, by quadrature in s = ln(q/δ)."""
    part, weight = gauss_panels(np.linspace(0.0, 1.0, 31), 6)
    end = -np.log(delta)[:, None]
    s = end * part
    t = (delta[:, None] * np.exp(s) / (2.0 * FINE_STRUCTURE)) ** 2
    bound = end * weight * t * (2.0 + t) / (1.0 + t) ** 2
    first = (bound * np.expm1(-s) ** 2).sum(axis=1)
    second = (bound * (1.0 + (3.0 - 6.0 * s) * np.exp(-2.0 * s) - 4.0 * np.exp(-3.0 * s))).sum(axis=1)
    return 8.0 * (1.0 + first), 8.0 * (5.0 / 6.0 + second)


def bracket(z: Array, delta: Array, gas: str) -> Array:
    """[1 + (1 − z)²] φ_1 − (2/3)(1 − z) φ_2."""
    first, second = scattering_functions(delta, gas)
    left = 1.0 - z
    return (1.0 + left**2) * first - 2.0 / 3.0 * left * second


def radiated(gamma: Float[Array, "*batch"], gas: str) -> Float[Array, "*batch"]:
    """∫ z {bracket} dz/z: the energy that an electron radiates, in units of n c α r_e² E.

    Validity: a table in γ − 1 from 1e-2 to 1e10; beyond, the values at its ends.
    """
    return look_up(_table_radiated(gas), jnp.maximum(gamma - 1.0, 1e-2))


@lru_cache(maxsize=2)
def _table_radiated(gas: str) -> Lookup:
    return tabulate(lambda excess: _radiated(excess, gas), 1e-2, 1e10, 24, 8)


def _radiated(excess: np.ndarray, gas: str) -> np.ndarray:
    """By quadrature in ln[E_γ/(T − E_γ)]."""
    y, weight = gauss_panels(np.linspace(-36.0, 36.0, 49), 6)
    share = 1.0 / (1.0 + np.exp(-y))
    gamma = 1.0 + excess[:, None]
    z = excess[:, None] * share / gamma
    delta = z / (2.0 * gamma * (1.0 - z))
    if gas == "ionised":
        log = -np.log(delta)
        first = 8.0 * (1.0 + log - 2.0 * (1.0 - delta) + 0.5 * (1.0 - delta**2))
        second = 8.0 * (5.0 / 6.0 + (1.0 + 3.0 * delta**2) * log - 4.0 / 3.0 * (1.0 - delta**3))
    else:
        known = np.linspace(np.log(SMALLEST), 0.0, 4001)
        first, second = (np.interp(np.log(delta), known, values) for values in _atom(np.exp(known)))
    total = (1.0 + (1.0 - z) ** 2) * first - 2.0 / 3.0 * (1.0 - z) * second
    return (weight * z * (1.0 - share) * total).sum(axis=1)
