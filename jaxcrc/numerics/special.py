"""Special functions with safe values and derivatives, at the same cost for every argument.

Each function is one polynomial in a variable that maps its half-line onto [-1, 1]. The coefficients are Chebyshev
interpolants of the defining integrals, computed here with 50 digits and rewritten in powers (they fall off, so that
nothing cancels); their truncation lies at the rounding of float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

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


_SERIES = 0.1  # below this argument (1 − e^{−y})/y is taken from its power series
_DECAY = [(-1.0) ** k / math.factorial(k + 1) for k in range(9)]


def mean_decay(y: Array) -> Array:
    """(1 − e^{−y})/y for y ≥ 0, 1 at y = 0: the mean of e^{−x} from 0 to y."""
    far = jnp.maximum(y, _SERIES)
    return jnp.where(y < _SERIES, horner(_DECAY, jnp.minimum(y, _SERIES)), -jnp.expm1(-far) / far)


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
