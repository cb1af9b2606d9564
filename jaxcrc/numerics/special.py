"""Special functions with safe values and derivatives, at the same cost for every argument.

Each function is one polynomial in a variable that maps its half-line onto [-1, 1]. The coefficients are Chebyshev
interpolants of the defining integrals, computed here with 50 digits and rewritten in powers (they fall off, so that
nothing cancels); their truncation lies at the rounding of float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

EULER_GAMMA = 0.5772156649015329

_EIN_SERIES = [(-1.0) ** k / ((k + 1) * math.factorial(k + 1)) for k in range(18)]  # ∫₀ˣ (1−e^{−t})/t dt, over x

_EXP1_SCALE = 3.0
_EXP1_TAIL = [  # (x + 2) eˣ E₁(x) in (x − 4)/(x + 2), x ≥ 1
    1.2380738994063352,
    -0.33348270415565506,
    0.13029088159630897,
    -0.04994496470946964,
    0.02121070350112174,
    -0.008911917742626136,
    0.0039489800584596975,
    -0.0017318386497219436,
    0.0007876294068647378,
    -0.00035401002987394954,
    0.00016391545722954355,
    -7.482202536248533e-05,
    3.515504646257884e-05,
    -1.619873757451219e-05,
    7.605285609525751e-06,
    -3.5470859269206256e-06,
    1.8737266004481506e-06,
    -8.316213360502886e-07,
    1.7684832922064986e-07,
    -1.3062510364019118e-07,
    2.6592248111050724e-07,
    -8.364442514882175e-08,
    -7.146241928080465e-08,
    1.4488874888042401e-08,
    2.8691407276128806e-08,
    -8.946590479137363e-09,
]

_ERFCX_SCALE = 3.75
_ERFCX = [  # (1 + x/3.75) erfcx(x) in (x − 3.75)/(x + 3.75), x ≥ 0
    0.29117944255007705,
    -0.2556644204407758,
    0.19635171339247506,
    -0.13079207765539577,
    0.07441654640868842,
    -0.035188106980345614,
    0.013098340969146647,
    -0.00334290135360319,
    0.00026302344646086684,
    0.0002119529010751487,
    -9.29722959362451e-05,
    2.824717364434923e-06,
    9.991862271341303e-06,
    -2.373384963497878e-06,
    -8.760456693090002e-07,
    4.397761170135345e-07,
    7.32245377534959e-08,
    -6.817553740173479e-08,
    -6.107577383550017e-09,
    9.188096889993558e-09,
    4.0189334398143787e-10,
    -7.856647269088805e-10,
]


def horner(coefficients: Sequence[float | Array], x: Array) -> Array:
    """Polynomial Σ c_k x^k by Horner's rule; a coefficient may be an array that broadcasts against x."""
    total = coefficients[-1] * jnp.ones_like(x)
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


@jax.custom_jvp
def exp1(x: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
    """Exponential integral E₁(x) = ∫ₓ^∞ e^{−t}/t dt, x > 0.

    Equation: −γ − ln x + Ein(x) by its power series below 1; e^{−x}/(x+2) times a polynomial in (x−4)/(x+2) above.
    Source: Abramowitz & Stegun 1964, Eq. 5.1.1 and 5.1.11; the polynomial was computed for this module.
    Arguments: x — float. Infinite at x = 0, NaN below.
    Validity: relative error 2e-15 in float64, 1e-6 in float32; zero where e^{−x} underflows.
    """
    x = jnp.asarray(x)
    low, high = jnp.minimum(x, 1.0), jnp.maximum(x, 1.0)
    series = low * horner(_EIN_SERIES, low) - jnp.log(low) - EULER_GAMMA
    inverse = 1.0 / (high + (_EXP1_SCALE - 1.0))
    tail = jnp.exp(-high) * inverse * horner(_EXP1_TAIL, 1.0 - 2.0 * _EXP1_SCALE * inverse)
    return jnp.where(x < 1.0, series, tail)


@exp1.defjvp
def _exp1_jvp(primals: tuple[ArrayLike], tangents: tuple[ArrayLike]) -> tuple[Array, Array]:
    x, dx = jnp.asarray(primals[0]), jnp.asarray(tangents[0])
    return exp1(x), -jnp.exp(-x) / x * dx


def erfcx(x: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
    """Scaled complementary error function eˣ² erfc(x), x ≥ 0.

    Equation: a polynomial in (x−k)/(x+k), k = 3.75, over 1 + x/k.
    Source: mapping of Shepherd & Laframboise 1981, Math. Comp. 36, 249; the polynomial was computed for this module.
    Arguments: x — float.
    Validity: relative error 2e-15 in float64, 1e-6 in float32, up to infinity, where it falls as 1/(√π x);
    meaningless for x < 0.
    """
    inverse = _ERFCX_SCALE / (jnp.asarray(x) + _ERFCX_SCALE)
    return inverse * horner(_ERFCX, 1.0 - 2.0 * inverse)
