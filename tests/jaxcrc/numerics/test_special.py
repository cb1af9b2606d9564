"""Special functions against scipy and against their defining differential equations."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from jax import export

from jaxcrc.numerics.special import erfcx, horner

TINY = {np.float64: 1e-300, np.float32: 1e-37}
# Rounding of the result.
TOLERANCE = {np.float64: 1e-13, np.float32: 1e-6}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_erfcx_matches_scipy(dtype):
    function, reference, highest = erfcx, scipy.special.erfcx, 1e30
    lowest = TINY[dtype]
    x = np.concatenate([np.geomspace(lowest, 1.0, 700), np.linspace(0.5, 12.0, 700), np.geomspace(1.0, highest, 700)])
    x = x.astype(dtype)
    expected = reference(x.astype(np.float64))
    normal = expected > 1e-37 if dtype is np.float32 else expected > 1e-305
    got = np.asarray(jax.jit(function)(x))
    assert got.dtype == dtype
    np.testing.assert_allclose(got[normal], expected[normal], rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("x", [0.0, 0.01, 1.0, 8.0, 26.0])
def test_erfcx_slope(x):
    # 2x erfcx − 2/√π loses 2x² to cancellation, and the slope of a polynomial of degree 21 two more digits.
    expected = 2.0 * x * scipy.special.erfcx(x) - 2.0 / np.sqrt(np.pi)
    np.testing.assert_allclose(jax.grad(erfcx)(x), expected, rtol=1e-13 * (1.0 + x * x))


def test_erfcx_falls_as_its_asymptote():
    x = jnp.array([1e8, 1e100, 1e300])
    np.testing.assert_allclose(erfcx(x), 1.0 / (np.sqrt(np.pi) * np.asarray(x)), rtol=1e-14)
    assert erfcx(jnp.array(jnp.inf)) == 0.0


def test_erfcx_costs_the_same_for_every_argument():
    # A loop until convergence would make the slowest element of a batch hold up all others.
    assert "while" not in jax.jit(jax.grad(erfcx)).lower(1.0).as_text()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_erfcx_lowers_for_cuda(dtype):
    x = jnp.ones(3, dtype)
    exported = export.export(jax.jit(jax.vmap(jax.value_and_grad(erfcx))), platforms=["cuda"])(x)
    assert {leaf.dtype for leaf in exported.out_avals} == {np.dtype(dtype)}


def test_horner_matches_numpy():
    x = jnp.linspace(-2.0, 2.0, 9)
    coefficients = [1.0, -0.5, 0.25, 3.0]
    np.testing.assert_allclose(horner(coefficients, x), np.polynomial.polynomial.polyval(np.asarray(x), coefficients))
    np.testing.assert_allclose(horner([2.0], x), 2.0 * np.ones(9))
