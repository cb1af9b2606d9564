"""Likelihoods against scipy.stats."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from fitting.problem.likelihood import Measured, correlated_normal, log_likelihood, pointwise, split_normal, upper_limit
from jaxcrc import cast
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
    width, low, high = as_row(1.0 if limit_width is None else limit_width), as_row(low), as_row(high)
    if covariance is not None:
        error = jnp.where(is_ul, 1.0, 0.5 * (low + high)).ravel()
        covariance = covariance / jnp.outer(error, error)
    return Measured(value, low, high, width, is_ul, used, covariance)


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


def test_correlated_points_take_a_systematic_on_top_of_their_covariance():
    """Against SciPy: C + diag((s m)²), with m the prediction after scale and offset."""
    errors, value, predicted = np.array([0.3, 0.5, 0.2]), np.array([2.0, 1.0, 3.0]), np.array([1.5, 1.4, 2.6])
    covariance = np.outer(errors, errors) * np.array([[1.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 1.0]])
    nuisance = Nuisance(scale=1.1, systematic=0.3, offset=-0.1)
    model = 1.1 * predicted - 0.1
    expected = stats.multivariate_normal.logpdf(value, model, covariance + np.diag((0.3 * model) ** 2))
    got = log_likelihood(
        make(value, errors, errors, covariance=jnp.asarray(covariance)), jnp.asarray(predicted[None]), nuisance
    )
    assert float(got) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("correlated", [False, True])
def test_the_unit_of_a_table_does_not_matter_in_single_precision_either(correlated):
    """ln L of a table in units k times as large is that of the table, less ln k for each point; its slopes are 1/k."""
    error, limit = np.array([0.3, 0.6, 0.2, 1.0]), np.array([False, False, False, True])
    value, predicted = np.array([2.0, 3.0, 1.0, 2.0]), np.array([2.4, 2.1, 1.1, 1.7])
    shape = np.exp(-np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0))))
    shape = jnp.asarray(np.where(np.outer(~limit, ~limit), shape, np.eye(4)))

    call = jax.jit(jax.value_and_grad(lambda model, table, nuisance: log_likelihood(table, model, nuisance)))

    def of(unit, systematic, dtype):
        rows = (jnp.asarray(unit * x[None], dtype) for x in (value, error, 1.5 * error, error))
        flags = (jnp.asarray(limit[None]), jnp.ones((1, 4), bool))
        table = Measured(*rows, *flags, jnp.asarray(shape, dtype) if correlated else None)
        nuisance = cast(Nuisance(systematic=systematic), dtype)
        return call(jnp.asarray(unit * predicted[None], dtype), table, nuisance)

    for systematic in (0.0, 0.1):
        expected, slope = of(1.0, systematic, np.float64)
        for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-5)):
            for unit in (1e-30, 1e-21, 1e-13, 1e-4, 1e6):
                got, slopes = of(unit, systematic, dtype)
                assert got.dtype == dtype
                assert float(got) == pytest.approx(float(expected) - 3.0 * np.log(unit), rel=rtol)
                np.testing.assert_allclose(np.asarray(slopes, float) * unit, slope, rtol=20 * rtol, atol=1e-6)


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
