"""Tables as a likelihood sees them, and mock tables in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray
from scipy.special import ndtri

from fitting.problem.likelihood import Measured
from fitting.tables.table import Table
from jaxcrc.units import Quantity, to_float

Errors: TypeAlias = float | str | Quantity | None


def measured(table: Table) -> Measured:
    """The likelihood's view of a table: limits get their Gaussian width, gaps a harmless value."""
    used = np.asarray(table.used)
    fill = np.nanmax(np.abs(table.value))
    value = np.where(used, table.value, fill)
    plain = used & ~table.is_ul
    low, high = np.where(plain, table.error_lo, fill), np.where(plain, table.error_hi, fill)
    quantile = ndtri(table.confidence) if table.confidence is not None else 1.0
    width = np.where(table.is_ul, np.abs(value) / quantile, fill)
    covariance = None
    if table.covariance is not None:
        error = 0.5 * (low + high).ravel()
        relative = table.covariance / np.outer(error, error)
        covariance = jnp.asarray(np.where(np.outer(plain, plain), relative, np.eye(plain.size)))
    return Measured(
        value=jnp.asarray(value, float),
        error_lo=jnp.asarray(low, float),
        error_hi=jnp.asarray(high, float),
        limit_width=jnp.asarray(width, float),
        is_ul=jnp.asarray(table.is_ul),
        used=jnp.asarray(used),
        covariance=covariance,
    )


def is_blank(table: Table) -> bool:
    """Whether a table is a layout: it says where to look, and holds ones with relative errors instead of data."""
    return table.layout


def mock_table(
    table: Table,
    data: Measured,
    predicted: np.ndarray,
    key: PRNGKeyArray | None,
    truth: Mapping[str, float],
    errors: Errors,
) -> Table:
    """A table with predicted values in place of the measured ones, with Gaussian noise where a key is given.

    Arguments: data — the likelihood's view of the table; predicted [photon, bin] in its unit; truth — {path: value} to
    write into it; errors — relative errors; by default the table's own are kept (a layout's are relative).
    Errors: ValueError for errors that are no positive number.
    """
    errors = None if errors is None else to_float(errors, "")
    if errors is not None and not 0.0 < errors < np.inf:
        raise ValueError(f"relative errors of {errors:g}: give a positive number, such as 0.1")
    is_ul = np.asarray(data.is_ul)
    own = np.where(is_ul, data.limit_width, data.error)
    relative = own if is_blank(table) and errors is None else errors
    sigma = own if relative is None else relative * np.abs(predicted)
    own_covariance = data.covariance is not None and table.correlation_length is None
    mock = replace(
        table,
        value=np.where(table.used, predicted, np.nan),
        error_lo=np.where(table.used, sigma, np.nan),
        error_hi=np.where(table.used, sigma, np.nan),
        is_ul=np.zeros_like(is_ul),
        confidence=None,
        covariance=np.asarray(data.covariance) * np.outer(sigma, sigma) if own_covariance else None,
        simulated=True,
        layout=False,
        truth=dict(truth),
        reference="SIMULATED",
        doi="",
        found_at="",
        licence="",
    )
    return mock if key is None else replace(mock, value=mock.value + sigma * _noise(mock, key))


def _noise(mock: Table, key: PRNGKeyArray) -> np.ndarray:
    """Noise of unit width [photon, bin], correlated as the table says."""
    white = np.asarray(jax.random.normal(key, mock.value.shape))
    covariance = measured(mock).covariance
    if covariance is None:
        return white
    return (np.linalg.cholesky(np.asarray(covariance)) @ white.ravel()).reshape(white.shape)
