"""Compton scattering of relativistic electrons in isotropic grey-body radiation, Klein–Nishina exact.

With x₀ = z/[4γΘ(1 − z)], z = E_γ/E, Θ = kT/m_ec², the spectrum that one electron emits in a Planck field is

    dN/dE_γdt ∝ γ⁻² [ F_4(x₀) + z²/(2(1 − z)) F_3(x₀) ],
    F_3(x) = ∫_x^∞ (u − x)/(eᵘ − 1) du = Li₂(e⁻ˣ),
    F_4(x) = ∫_x^∞ u/(eᵘ − 1) [2q ln q + (1 + 2q)(1 − q)] du, q = x/u,

which is the kernel of Jones (1968) and Blumenthal & Gould (1970) integrated over the field's photons.
"""

from __future__ import annotations

import math
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float
from scipy.special import spence

from jaxcrc.numerics.lookup import Lookup, look_up, tabulate
from jaxcrc.numerics.quadrature import gauss_panels

METHODS = ("exact", "khangulyan14")
SMALLEST, LARGEST = 1e-12, 700.0  # of x: below, F is constant to 1e-9; above, e⁻ˣ is nothing
PLANCK_END = 50.0  # of u


def spectral_functions(x: Array, method: str = "exact") -> tuple[Array, Array]:
    """F_3 and F_4 of the head of this module, for x > 0.

    Source: "exact" — the integrals; "khangulyan14" — Khangulyan, Aharonian & Kelner 2014, Eqs. 24–27 (within 1 %).
    Errors: ValueError for another method.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r} of inverse Compton emission; known: {', '.join(METHODS)}")
    if method == "khangulyan14":
        return _approximate(x, 0.606, 0.443, 1.481, 0.540, 0.319), _approximate(x, 0.461, 0.726, 1.457, 0.382, 6.620)
    fall = jnp.exp(-jnp.minimum(x, LARGEST))
    return fall * look_up(_table_f3(), x), fall * look_up(_table_f4(), x)


def _approximate(x: Array, alpha: float, a: float, beta: float, b: float, c: float) -> Array:
    """(π²/6)(1 + cx)/(1 + (π²/6)cx) e⁻ˣ/[1 + a x^α/(1 + b x^β)]."""
    full = math.pi**2 / 6.0
    x = jnp.minimum(x, LARGEST)
    return full * (1.0 + c * x) / (1.0 + full * c * x) * jnp.exp(-x) / (1.0 + a * x**alpha / (1.0 + b * x**beta))


@lru_cache(maxsize=1)
def _table_f3() -> Lookup:
    return tabulate(_f3, SMALLEST, LARGEST, 48, 12)


@lru_cache(maxsize=1)
def _table_f4() -> Lookup:
    return tabulate(_f4, SMALLEST, LARGEST, 48, 12)


def _f3(x: np.ndarray) -> np.ndarray:
    """Li₂(e⁻ˣ) eˣ: a series where e⁻ˣ is small."""
    order = np.arange(1.0, 26.0)
    small, large = np.minimum(x, 2.0), np.maximum(x, 1.0)
    series = (np.exp(-(order - 1.0) * large[:, None]) / order**2).sum(axis=1)
    return np.where(x < 1.5, spence(-np.expm1(-small)) * np.exp(small), series)


def _f4(x: np.ndarray) -> np.ndarray:
    """F_4(x) eˣ, by quadrature in s = ln(u/x)."""
    part, weight = gauss_panels(np.linspace(0.0, 1.0, 41), 8)
    end = np.log1p(PLANCK_END / x)[:, None]
    s = end * part
    u = x[:, None] * np.exp(s)
    bracket = np.expm1(s) - 2.0 * np.expm1(-s) - 2.0 * s  # (u/x) [2q ln q + (1 + 2q)(1 − q)]
    planck = np.exp(x[:, None] - u) / -np.expm1(-u)
    return x * ((end * weight) * bracket * planck * u).sum(axis=1)


def recoil(b: Float[ArrayLike, "*batch"]) -> Float[Array, "*batch"]:
    """Energy loss in a Planck field relative to Thomson's, of b = 4γΘ.

    F(b) = (15/π⁴) ∫ u³/(eᵘ − 1) F₁(b u) du with F₁(b) = 9 ∫₀¹ q f(q, b)/(1 + b q)³ dq, f the bracket of Jones's kernel.
    Source: Jones 1968; Moderski et al. 2005 give F₁ in closed form.
    Validity: b from 0 to 1e9; beyond, the value at 1e9.
    """
    return look_up(_table_recoil(), jnp.maximum(b, 1e-9))


@lru_cache(maxsize=1)
def _table_recoil() -> Lookup:
    return tabulate(_recoil, 1e-9, 1e9, 36, 10)


def _recoil(b: np.ndarray) -> np.ndarray:
    log, planck = gauss_panels(
        [-16.0, -8.0, -4.0, -2.0, -1.0, 0.0, 0.7, 1.2, 1.7, 2.2, 2.7, 3.2, math.log(PLANCK_END)], 5
    )
    u = np.exp(log)
    planck = planck * u**4 / np.expm1(u) * 15.0 / math.pi**4
    s, weight = gauss_panels(np.linspace(-36.0, 0.0, 46), 6)
    q = np.exp(s)
    thomson = (2.0 * q * s + (1.0 + 2.0 * q) * (1.0 - q)) * q**2 * weight
    recoiling = 0.5 * (1.0 - q) * q**2 * weight
    total = np.zeros_like(b)
    for one, share in zip(u, planck, strict=True):
        bq = (b * one)[:, None] * q
        total += 9.0 * share * ((thomson + recoiling * bq**2 / (1.0 + bq)) / (1.0 + bq) ** 3).sum(axis=1)
    return total
