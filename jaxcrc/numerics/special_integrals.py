"""More special functions in the manner of `special`: repeated integrals of erfc, and a modified Bessel function.

The polynomial coefficients were computed with 50 digits as Chebyshev interpolants of the defining formulas.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc.numerics.special import horner

_FIRST_SCALE = 3.75
_FIRST = [  # (1 + x/3.75)² eˣ² ierfc(x) in (x − 3.75)/(x + 3.75), x ≥ 0
    0.07291251506544705,
    -0.1205376356888648,
    0.13085751641914287,
    -0.10944459950100875,
    0.07306976892646165,
    -0.0386291583559741,
    0.015345159490984066,
    -0.0038463198217032813,
    6.128476344662537e-05,
    0.0004065671019000989,
    -0.00014050291991983852,
    -1.146787444956803e-05,
    2.1435301045835037e-05,
    -2.7945849365849058e-06,
    -2.636438193157906e-06,
    7.824644139881334e-07,
    3.270661548579554e-07,
    -1.5095048800203082e-07,
    -4.4235006588062094e-08,
    2.5859230219178193e-08,
    5.8864761906183435e-09,
    -3.697930473925604e-09,
    -5.113124292617415e-10,
    3.1678212416600106e-10,
]

_SECOND_SCALE = 3.0
_SECOND = [  # (1 + x/3)³ eˣ² i²erfc(x) in (x − 3)/(x + 3), x ≥ 0
    0.031768742319742554,
    -0.06595328970218468,
    0.07392725789961936,
    -0.05336574250924776,
    0.023884696374611377,
    -0.004154954876342277,
    -0.0020297019047164303,
    0.001284634495814067,
    4.7002832336074685e-05,
    -0.00023502433762760344,
    1.7903819154598734e-05,
    4.375858796296277e-05,
    -4.392408946639341e-06,
    -9.020267660237341e-06,
    4.1081910112953774e-07,
    1.985098691545472e-06,
    1.335121879786223e-07,
    -4.2805126586867237e-07,
    -8.487521917703335e-08,
    8.095991029031386e-08,
    2.331288019641055e-08,
    -1.1463553750653251e-08,
    -2.888030027637229e-09,
    8.782244162633048e-10,
]

_K1_JOIN, _K1_SCALE = 2.0, 4.0
_K1 = [  # √y e^y K₁(y) in (y − 6)/(y + 2), y ≥ 2
    1.3280543310079713,
    -0.09540363656445466,
    0.026736824925221565,
    -0.007902886214759916,
    0.002390605167809722,
    -0.0007351926745902357,
    0.00022860631763330707,
    -7.170104873326713e-05,
    2.2635477320577404e-05,
    -7.184412811011105e-06,
    2.290112297892428e-06,
    -7.327059978579022e-07,
    2.3518348712642373e-07,
    -7.567953161532132e-08,
    2.4326583690230714e-08,
    -7.861771538047383e-09,
    2.643039102358375e-09,
    -8.573285053000102e-10,
    2.055518709527607e-10,
    -6.673733560406773e-11,
    5.239619841623471e-11,
    -1.7096137081207194e-11,
]
_K1_SERIES = [  # [ψ(k+1) + ψ(k+2)]/(k! (k+1)!)
    -0.15443132980306573,
    0.6727843350984671,
    0.18157516696085563,
    0.019182189839330562,
    0.001115359491966528,
    4.142247689271143e-05,
    1.071545914091181e-06,
    2.045286003593878e-08,
    3.002048746589188e-10,
    3.495928729692882e-12,
    3.309914735250272e-14,
    2.5986411321011286e-16,
    1.7195232826992565e-18,
]
_I1_SERIES = [1.0 / (math.factorial(k) * math.factorial(k + 1)) for k in range(len(_K1_SERIES))]


def ierfcx(x: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
    """Scaled integral of the complementary error function, eˣ² ∫ₓ^∞ erfc, x ≥ 0.

    Equation: eˣ² ierfc(x) = 1/√π − x erfcx(x), as one polynomial so that the two do not cancel.
    Source: Abramowitz & Stegun 1964, Eq. 7.2.5; the polynomial was computed for this module.
    Arguments: x — float.
    Validity: relative error 2e-15 in float64, 1e-6 in float32; meaningless for x < 0.
    """
    inverse = _FIRST_SCALE / (jnp.asarray(x) + _FIRST_SCALE)
    return inverse**2 * horner(_FIRST, 1.0 - 2.0 * inverse)


def i2erfcx(x: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
    """Scaled second integral of the complementary error function, eˣ² i²erfc(x), x ≥ 0.

    Equation: eˣ² i²erfc(x) = ¼ [(1 + 2x²) erfcx(x) − 2x/√π], as one polynomial so that the two do not cancel.
    Source: Abramowitz & Stegun 1964, Eq. 7.2.5; the polynomial was computed for this module.
    Arguments: x — float.
    Validity: relative error 4e-15 in float64, 2e-6 in float32; meaningless for x < 0.
    """
    inverse = _SECOND_SCALE / (jnp.asarray(x) + _SECOND_SCALE)
    return inverse**3 * horner(_SECOND, 1.0 - 2.0 * inverse)


def bessel_k1e(y: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
    """Scaled modified Bessel function e^y K₁(y), y > 0.

    Equation: the ascending series below y = 2, a polynomial in (y − 6)/(y + 2) over √y above.
    Source: Abramowitz & Stegun 1964, Eq. 9.6.11; the polynomial was computed for this module.
    Arguments: y — float. Infinite at y = 0, NaN below.
    Validity: relative error 2e-15 in float64, 1e-6 in float32.
    """
    y = jnp.asarray(y)
    low, high = jnp.minimum(y, _K1_JOIN), jnp.maximum(y, _K1_JOIN)
    square = 0.25 * low * low
    smooth = jnp.log(0.5 * low) * horner(_I1_SERIES, square) - 0.5 * horner(_K1_SERIES, square)
    series = jnp.exp(low) * (1.0 / low + 0.5 * low * smooth)
    inverse = 2.0 * _K1_SCALE / (high - _K1_JOIN + _K1_SCALE)
    return jnp.where(y < _K1_JOIN, series, horner(_K1, 1.0 - inverse) / jnp.sqrt(high))
