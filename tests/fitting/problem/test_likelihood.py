"""Likelihoods against scipy.stats."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from fitting.problem.likelihood import Measured, correlated_normal, log_likelihood, pointwise, split_normal, upper_limit
from jaxcrc.scene import Nuisance


def test_equal_errors_give_the_normal_distribution():
    got = split_normal(jnp.asarray(1.3), jnp.asarray(1.0), jnp.asarray(0.2), jnp.asarray(0.2), jnp.asarray(0.0))
    assert got == pytest.approx(stats.norm.logpdf(1.3, 1.0, 0.2), rel=1e-12)


def test_split_normal_is_a_density_in_the_prediction():
    model = np.linspace(-5.0, 8.0, 20001)
    log_p = split_normal(jnp.asarray(1.0), jnp.asarray(model), jnp.asarray(0.3), jnp.asarray(0.8), jnp.asarray(0.0))
    assert np.trapezoid(np.exp(log_p), model) == pytest.approx(1.0, abs=1e-6)


def test_upper_limit_is_the_tail_of_a_normal():
    limit, confidence = 2.0, 0.99
    width = limit / ndtri(confidence)
    at_zero = upper_limit(jnp.asarray(limit), jnp.asarray(0.0), jnp.asarray(width), jnp.asarray(0.0))
    assert np.exp(at_zero) == pytest.approx(confidence, rel=1e-10)
    far = upper_limit(jnp.asarray(limit), jnp.asarray(30.0), jnp.asarray(width), jnp.asarray(0.0))
    assert far == pytest.approx(stats.norm.logcdf((limit - 30.0) / width), rel=1e-8)


def test_correlated_normal_is_scipys():
    rng = np.random.default_rng(1)
    half = rng.normal(size=(5, 5))
    covariance, residual = half @ half.T + np.eye(5), rng.normal(size=5)
    got = correlated_normal(jnp.asarray(residual), jnp.asarray(covariance), jnp.ones(5, bool))
    assert got == pytest.approx(stats.multivariate_normal.logpdf(residual, np.zeros(5), covariance), rel=1e-12)


def make(value, low, high, is_ul=None, used=None, covariance=None, limit_width=None):
    value = jnp.asarray(value, float).reshape(1, -1)
    false = jnp.zeros(value.shape, bool)
    as_row = lambda x: jnp.broadcast_to(jnp.asarray(x, float), value.shape)  # noqa: E731
    is_ul = false if is_ul is None else jnp.asarray(is_ul).reshape(1, -1)
    used = ~false if used is None else jnp.asarray(used).reshape(1, -1)
    width = as_row(1.0 if limit_width is None else limit_width)
    return Measured(value, as_row(low), as_row(high), width, is_ul, used, covariance)


def test_systematic_adds_in_quadrature_and_scale_multiplies():
    measured = make([2.0], 0.3, 0.3)
    nuisance = Nuisance(scale=1.2, systematic=0.1, offset=0.05)
    model = 1.2 * 1.5 + 0.05
    expected = stats.norm.logpdf(2.0, model, np.hypot(0.3, 0.1 * model))
    assert log_likelihood(measured, jnp.asarray([[1.5]]), nuisance) == pytest.approx(expected, rel=1e-12)


def test_missing_points_do_not_count():
    both = make([2.0, 7.0], 0.3, 0.3, used=[True, False])
    one = make([2.0], 0.3, 0.3)
    predicted = jnp.asarray([[1.5, 3.0]])
    assert log_likelihood(both, predicted, Nuisance()) == log_likelihood(one, predicted[:, :1], Nuisance())


def test_a_diagonal_covariance_is_independence():
    errors = np.array([0.3, 0.5, 0.2])
    plain = make([2.0, 1.0, 3.0], errors, errors)
    joint = make([2.0, 1.0, 3.0], errors, errors, covariance=jnp.diag(jnp.asarray(errors**2)))
    predicted, nuisance = jnp.asarray([[1.5, 1.2, 2.8]]), Nuisance(systematic=0.2)
    assert log_likelihood(joint, predicted, nuisance) == pytest.approx(
        float(log_likelihood(plain, predicted, nuisance)), rel=1e-12
    )


def test_a_limit_beside_correlated_points_counts_once():
    covariance = jnp.diag(jnp.asarray([0.09, 1.0]))
    mixed = make([2.0, 4.0], 0.3, 0.3, is_ul=[False, True], covariance=covariance, limit_width=2.0)
    expected = stats.norm.logpdf(2.0, 1.5, 0.3) + stats.norm.logcdf((4.0 - 5.0) / 2.0)
    assert log_likelihood(mixed, jnp.asarray([[1.5, 5.0]]), Nuisance()) == pytest.approx(expected, rel=1e-10)


def test_gradients_are_finite_and_right():
    measured = make([2.0, 3.0, 1.0], 0.3, 0.6, is_ul=[False, True, False])

    def total(model, systematic):
        return jnp.sum(pointwise(measured, model.reshape(1, -1), Nuisance(systematic=systematic)))

    model = jnp.asarray([2.2, 3.5, 0.4])
    slope = jax.grad(total, argnums=(0, 1))(model, jnp.asarray(0.0))
    assert all(np.all(np.isfinite(s)) for s in slope)
    step = 1e-6
    for i in range(3):
        shift = step * jnp.eye(3)[i]
        difference = (total(model + shift, 0.0) - total(model - shift, 0.0)) / (2 * step)
        assert slope[0][i] == pytest.approx(float(difference), rel=1e-6)
