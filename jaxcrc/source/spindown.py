"""Spin-down of a pulsar: the power it loses since its birth, and its age from period and period derivative."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.units import S_PER_KYR


def _floats(*values: ArrayLike) -> list[Array]:
    dtype = jnp.result_type(float, *values)
    return [jnp.asarray(value, dtype) for value in values]


@plain_numbers
def spin_down(
    time: ArrayLike, power_now: ArrayLike, age: ArrayLike, tau0: ArrayLike, braking_index: ArrayLike = 3.0
) -> Float[Array, "..."]:
    """Spin-down power at a time since birth, in the unit of power_now.

    Equation: Ė(t) = Ė(age) [(1 + age/τ₀)/(1 + t/τ₀)]^{(n+1)/(n−1)}.
    Source: Pacini & Salvati 1973; Gaensler & Slane 2006, ARA&A 44, 17.
    Arguments: time — since birth [kyr], from 0; power_now — Ė today, any unit; age — of the pulsar [kyr]; tau0 —
    initial spin-down time τ₀ [kyr]; braking_index — n, above 1 (3 for a magnetic dipole).
    Validity: n and the magnetic moment constant since birth.
    """
    time, power_now, age, tau0, braking_index = _floats(time, power_now, age, tau0, braking_index)
    slope = (braking_index + 1.0) / (braking_index - 1.0)
    return power_now * jnp.exp(slope * (jnp.log1p(age / tau0) - jnp.log1p(time / tau0)))


def age_from_period(
    period: ArrayLike, period_derivative: ArrayLike, tau0: ArrayLike, braking_index: ArrayLike = 3.0
) -> Float[Array, "..."]:
    """Age of a pulsar [kyr].

    Equation: t = 2 τ_c/(n−1) − τ₀, τ_c = P/(2Ṗ).
    Source: Gaensler & Slane 2006, ARA&A 44, 17, with τ₀ the spin-down time at birth.
    Arguments: period — P [s]; period_derivative — Ṗ [1e-15 s s⁻¹]; tau0 — τ₀ [kyr]; braking_index — n, above 1.
    Validity: where τ₀ < 2 τ_c/(n−1) (`latest_birth`); a larger τ₀ has no age and is given a thousandth of that limit.
    """
    limit, tau0 = _floats(latest_birth(period, period_derivative, braking_index), tau0)
    return jnp.maximum(limit - tau0, 1e-3 * limit)


def latest_birth(
    period: ArrayLike, period_derivative: ArrayLike, braking_index: ArrayLike = 3.0
) -> Float[Array, "..."]:
    """Age and τ₀ of a pulsar together [kyr]: τ₀ has to stay below, or the pulsar has no age.

    Equation: 2 τ_c/(n−1) = P/((n−1) Ṗ).
    Source: Gaensler & Slane 2006, ARA&A 44, 17.
    Arguments: period — P [s]; period_derivative — Ṗ [1e-15 s s⁻¹]; braking_index — n, above 1.
    """
    period, period_derivative, braking_index = _floats(period, period_derivative, braking_index)
    return period / (period_derivative * 1e-15 * S_PER_KYR) / (braking_index - 1.0)


def timing_power(period: ArrayLike, period_derivative: ArrayLike) -> Float[Array, "..."]:
    """log10 of the spin-down power today [dex(erg s⁻¹)].

    Equation: Ė = 4π² I Ṗ/P³, I = 1e45 g cm².
    Source: definition; the moment of inertia is the usual one.
    Arguments: period — P [s]; period_derivative — Ṗ [1e-15 s s⁻¹].
    """
    period, period_derivative = _floats(period, period_derivative)
    return math.log10(4.0 * math.pi**2) + 30.0 + jnp.log10(period_derivative) - 3.0 * jnp.log10(period)
