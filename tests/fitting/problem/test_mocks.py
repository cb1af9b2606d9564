"""How tables reach the likelihood, and mock tables: both sides of errors, limits and their width, correlated noise."""

import dataclasses

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from fitting.problem.likelihood import log_likelihood, pointwise
from fitting.problem.mocks import measured, mock_table
from fitting.tables.regions import Total
from fitting.tables.table import Table
from jaxcrc.scene import Nuisance

VALUE, LOW, HIGH = np.array([4.0, 2.0, 9.0]), np.array([0.5, 0.4, np.nan]), np.array([1.5, 0.2, np.nan])
LIMIT, CONFIDENCE = np.array([False, False, True]), 0.9


def table(**fields) -> Table:
    column = lambda x: np.asarray(x)[:, None]  # noqa: E731
    given = {"value": column(VALUE), "error_lo": column(LOW), "error_hi": column(HIGH), "is_ul": column(LIMIT)}
    given |= {"used": np.ones((3, 1), bool), "e_ref": np.array([1.0, 2.0, 3.0]), "confidence": CONFIDENCE}
    return Table("a", "dnde", u.Unit("1 / (GeV cm2 s)"), region=Total(), **given | fields)


def both(error: np.ndarray) -> dict[str, np.ndarray]:
    """The same errors to both sides."""
    return {"error_lo": error[:, None], "error_hi": error[:, None]}


def correlated(correlation: float = 0.9) -> Table:
    """Two points of very different errors that nearly move together, and a limit."""
    error = np.array([0.1, 3.0])
    covariance = np.full((3, 3), np.nan)
    covariance[:2, :2] = np.outer(error, error) * np.array([[1.0, correlation], [correlation, 1.0]])
    return table(**both(np.append(error, np.nan)), covariance=covariance)


@pytest.mark.parametrize("factor", [0.6, 0.97, 1.0, 1.1, 2.0])
def test_a_table_reaches_the_likelihood_with_its_sides_and_its_limit(factor):
    """A two-piece normal whose upper error counts where the model is above; a limit as the tail of a normal."""
    model = factor * VALUE
    got = np.asarray(pointwise(measured(table()), jnp.asarray(model[:, None]), Nuisance()))[:, 0]
    for k in (0, 1):
        sigma = HIGH[k] if model[k] > VALUE[k] else LOW[k]
        joint = np.log(2.0 * sigma / (LOW[k] + HIGH[k]))
        assert got[k] == pytest.approx(stats.norm.logpdf(VALUE[k], model[k], sigma) + joint, rel=1e-12)
    width = VALUE[2] / stats.norm.ppf(CONFIDENCE)
    assert got[2] == pytest.approx(stats.norm.logcdf((VALUE[2] - model[2]) / width), rel=1e-12)


def test_darkness_stays_below_a_limit_with_the_stated_probability():
    for confidence in (0.51, 0.68, 0.95, 0.9999):
        data = measured(table(confidence=confidence))
        got = pointwise(data, jnp.zeros((3, 1)), Nuisance())[2, 0]
        assert np.exp(got) == pytest.approx(confidence, rel=1e-10)
        slope = jax.grad(lambda model, data=data: log_likelihood(data, model, Nuisance()))(jnp.zeros((3, 1)))
        assert np.all(np.isfinite(slope))


def test_a_mock_keeps_the_mean_of_both_sides_and_the_width_behind_a_limit():
    predicted = np.array([[3.0], [5.0], [1.0]])
    mock = mock_table(table(), measured(table()), predicted, None, {}, None)
    width = 9.0 / stats.norm.ppf(CONFIDENCE)
    np.testing.assert_allclose(mock.error_lo[:, 0], [1.0, 0.3, width], rtol=1e-12)
    np.testing.assert_array_equal(mock.error_hi, mock.error_lo)
    np.testing.assert_array_equal(mock.value, predicted)
    assert mock.simulated
    assert not mock.layout
    assert not mock.is_ul.any()


def test_only_a_layout_has_relative_errors():
    """Ones that are no layout keep their errors as they are, with or without a truth."""
    ones = table(value=np.ones((3, 1)), is_ul=np.zeros((3, 1), bool), simulated=True, **both(np.full(3, 0.2)))
    predicted = np.array([[3.0], [5.0], [1.0]])
    for layout, expected in ((False, np.full((3, 1), 0.2)), (True, 0.2 * predicted)):
        given = dataclasses.replace(ones, layout=layout)
        mock = mock_table(given, measured(given), predicted, None, {}, None)
        np.testing.assert_allclose(mock.error_lo, expected, rtol=1e-12)


def test_correlated_noise_has_the_covariance_of_the_table():
    """L·white with L the lower Cholesky factor: its transpose would give the points each other's variances."""
    given, predicted = correlated(), np.array([[3.0], [5.0], [1.0]])
    data = measured(given)
    keys = jax.random.split(jax.random.key(0), 200)
    draws = np.array([mock_table(given, data, predicted, key, {}, None).value[:2, 0] for key in keys])
    scaled = (draws - predicted[:2, 0]) / np.array([0.1, 3.0])
    np.testing.assert_allclose(np.cov(scaled.T), [[1.0, 0.9], [0.9, 1.0]], atol=5.0 * np.sqrt(2.0 / 200))


def test_a_table_with_a_covariance_is_scipys_normal():
    given, model = correlated(), np.array([4.1, 0.5, 2.0])
    got = log_likelihood(measured(given), jnp.asarray(model[:, None]), Nuisance())
    joint = stats.multivariate_normal.logpdf(VALUE[:2], model[:2], given.covariance[:2, :2])
    tail = stats.norm.logcdf((9.0 - 2.0) * stats.norm.ppf(CONFIDENCE) / 9.0)
    assert float(got) == pytest.approx(joint + tail, rel=1e-10)


def test_mocks_stay_correlated_whatever_errors_are_asked_for():
    """By a covariance or by a length: the noise is that which the mock itself tells of."""
    given, predicted = correlated(), np.array([[3.0], [5.0], [1.0]])
    for errors, expected in ((None, [0.1, 3.0]), (0.2, [0.6, 1.0])):
        mock = mock_table(given, measured(given), predicted, jax.random.key(1), {}, errors)
        np.testing.assert_allclose(mock.error_lo[:2, 0], expected, rtol=1e-12)
        sigma = mock.error_lo[:, 0]
        np.testing.assert_allclose(mock.covariance[:2, :2], np.outer(expected, expected) * [[1.0, 0.9], [0.9, 1.0]])
        np.testing.assert_allclose(mock.covariance[2], [0.0, 0.0, sigma[2] ** 2], rtol=1e-12)
