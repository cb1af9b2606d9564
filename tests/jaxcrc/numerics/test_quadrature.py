"""Gauss–Legendre panels, their Lagrange basis, and Chebyshev interpolation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import BarycentricInterpolator

from jaxcrc.numerics.quadrature import (
    chebyshev_nodes,
    chebyshev_weights,
    gauss_intervals,
    gauss_panels,
    lagrange_basis,
)


def test_panels_integrate_polynomials_exactly():
    node, weight = gauss_panels([-1.0, 0.2, 3.0], 4)
    assert node.shape == weight.shape == (8,)
    assert np.all(np.diff(node) > 0.0)
    # Four points are exact to degree 7; only rounding is left.
    assert weight @ node**7 == pytest.approx((3.0**8 - 1.0) / 8.0, rel=1e-14)
    assert abs(weight @ node**8 / ((3.0**9 + 1.0) / 9.0) - 1.0) > 1e-7


def test_intervals_broadcast_and_may_be_empty():
    node, weight = gauss_intervals(0.0, np.array([[1.0, 2.0], [0.0, 4.0]]), 3)
    assert node.shape == weight.shape == (2, 2, 3)
    np.testing.assert_allclose(weight.sum(-1), [[1.0, 2.0], [0.0, 4.0]], rtol=1e-15)


@pytest.mark.parametrize("breaks", [[1.0], [0.0, 0.0, 1.0], [2.0, 1.0], [0.0, np.nan]])
def test_bad_breaks_are_refused(breaks):
    with pytest.raises(ValueError, match="increasing"):
        gauss_panels(breaks, 4)


def test_lagrange_basis_against_scipy():
    order = 11
    node = np.polynomial.legendre.leggauss(order)[0]
    x = np.concatenate([np.linspace(-1.0, 1.0, 37), node[:3]])
    reference = np.stack([BarycentricInterpolator(node, row)(x) for row in np.eye(order)], axis=-1)
    # Both are rounding-limited; the Lebesgue constant of 11 Gauss–Legendre nodes is about 5.
    np.testing.assert_allclose(lagrange_basis(x, order), reference, atol=1e-13)


def test_lagrange_basis_is_one_at_its_own_node():
    np.testing.assert_allclose(lagrange_basis(np.polynomial.legendre.leggauss(9)[0], 9), np.eye(9), atol=1e-14)


def test_chebyshev_weights_against_scipy():
    node = chebyshev_nodes(-0.3, 1.1, 12)
    assert np.all(np.diff(node) > 0.0)
    assert node[0] > -0.3
    assert node[-1] < 1.1
    x = np.linspace(-0.3, 1.1, 29)
    reference = np.stack([BarycentricInterpolator(node, row)(x) for row in np.eye(12)], axis=-1)
    np.testing.assert_allclose(chebyshev_weights(jnp.asarray(x), -0.3, 1.1, 12), reference, atol=1e-13)


def test_chebyshev_value_and_gradient_at_a_node():
    node = chebyshev_nodes(-1.0, 2.0, 12)
    weights, slope = jax.jvp(lambda x: chebyshev_weights(x, -1.0, 2.0, 12), (jnp.asarray(node),), (jnp.ones(12),))
    np.testing.assert_allclose(weights, np.eye(12), atol=1e-13)
    # Differentiating the interpolant of a polynomial it holds exactly gives its derivative, at a node too.
    np.testing.assert_allclose(slope @ node**5, 5.0 * node**4, rtol=0.0, atol=1e-11)


def test_chebyshev_gradient_against_differences():
    x, step = jnp.asarray(0.37), 1e-5
    slope = jax.jacfwd(lambda x: chebyshev_weights(x, -1.0, 2.0, 8))(x)
    low, high = (chebyshev_weights(x + s, -1.0, 2.0, 8) for s in (-step, step))
    np.testing.assert_allclose(slope, (high - low) / (2.0 * step), atol=1e-8)


def test_chebyshev_clips_outside_the_range():
    ends = chebyshev_weights(jnp.asarray([-1.0, 2.0]), -1.0, 2.0, 6)
    np.testing.assert_array_equal(chebyshev_weights(jnp.asarray([-5.0, 7.0]), -1.0, 2.0, 6), ends)
    slope = jax.jacfwd(lambda x: chebyshev_weights(x, -1.0, 2.0, 6))(jnp.asarray(7.0))
    np.testing.assert_array_equal(slope, np.zeros(6))


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_chebyshev_keeps_its_dtype_and_lowers_for_cuda(dtype):
    x = jnp.asarray(0.2, dtype)
    function = jax.jit(lambda x: chebyshev_weights(x, -0.7, 0.7, 12))
    assert function(x).dtype == dtype
    jax.export.export(function, platforms=["cuda"])(x)
    tolerance = 5e-6 if dtype == jnp.float32 else 1e-14
    assert float(function(x).sum()) == pytest.approx(1.0, abs=tolerance)


@pytest.mark.parametrize(("low", "high", "n", "message"), [(1.0, 1.0, 8, "increasing"), (0.0, 1.0, 1, "at least 2")])
def test_bad_ranges_are_refused(low, high, n, message):
    with pytest.raises(ValueError, match=message):
        chebyshev_nodes(low, high, n)
    with pytest.raises(ValueError, match=message):
        chebyshev_weights(jnp.asarray(0.5), low, high, n)
