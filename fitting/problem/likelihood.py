"""Log-likelihoods of single points: pure functions of prediction and measurement."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import log_ndtr
from jaxtyping import Bool, Float

from jaxcrc.scene import Nuisance

LOG_2PI = 1.8378770664093453


class Measured(eqx.Module):
    """The numbers of a table that a likelihood needs, in the table's unit; [photon, bin] each.

    `limit_width` is the Gaussian width behind an upper limit; `covariance` [point, point] runs over the flattened grid
    in units of the points' mean errors, which single precision can hold where it cannot hold their squares, with unit
    rows for points that are not plain measurements; it is None for independent points.
    """

    value: Float[Array, "photon bin"]
    error_lo: Float[Array, "photon bin"]
    error_hi: Float[Array, "photon bin"]
    limit_width: Float[Array, "photon bin"]
    is_ul: Bool[Array, "photon bin"]
    used: Bool[Array, "photon bin"]
    covariance: Float[Array, "point point"] | None

    @property
    def error(self) -> Float[Array, "photon bin"]:
        """Mean of the errors to both sides."""
        return 0.5 * (self.error_lo + self.error_hi)


def split_normal(value: Array, predicted: Array, error_lo: Array, error_hi: Array, extra: Array) -> Array:
    """Log density of a two-piece normal: ln p = −½[(m−v)/σ]² − ln[½(σ₋+σ₊)√2π], σ = σ₊ where m > v, else σ₋.

    Equal errors give the Gaussian. `extra` is added to both widths in quadrature.
    Source: Wallis 2014, Statist. Sci. 29, 106 (the two-piece normal).
    """
    low, high = _wider(error_lo, extra), _wider(error_hi, extra)
    residual = predicted - value
    above = residual > 0.0
    pull = residual / jnp.where(above, error_hi, error_lo) / jnp.where(above, high, low)
    return -0.5 * pull**2 - jnp.log(0.5 * (error_lo * low + error_hi * high)) - 0.5 * LOG_2PI


def upper_limit(limit: Array, predicted: Array, width: Array, extra: Array) -> Array:
    """Log probability that a measurement would have stayed below the limit: ln ½ erfc[−(L−m)/√2σ].

    `width` is L/z with z the one-sided normal quantile of the limit's confidence level: the limit of a zero excess.
    """
    return log_ndtr((limit - predicted) / width / _wider(width, extra))


def _wider(width: Array, extra: Array) -> Array:
    """√(width² + extra²) in widths: single precision has no squares of numbers as small as a flux."""
    return jnp.hypot(jnp.ones_like(width), extra / width)


def correlated_normal(residual: Array, covariance: Array, measured: Array) -> Array:
    """Log density of a multivariate normal, ln p = −½ rᵀC⁻¹r − ½ ln det(2πC), as a scalar.

    Points that are not `measured` have residual 0 and a unit row in the covariance, and do not count.
    """
    factor = jnp.linalg.cholesky(covariance)
    white = solve_triangular(factor, residual, lower=True)
    return -0.5 * white @ white - jnp.sum(jnp.log(jnp.diagonal(factor))) - 0.5 * jnp.sum(measured) * LOG_2PI


def expected(predicted: Float[Array, "photon bin"], nuisance: Nuisance) -> Float[Array, "photon bin"]:
    """The prediction as the table would show it: scale · prediction + offset."""
    return nuisance.scale * predicted + nuisance.offset


def pointwise(measured: Measured, predicted: Float[Array, "photon bin"], nuisance: Nuisance) -> Array:
    """Log-likelihood of each point [photon, bin], or a scalar where the points are correlated."""
    model = expected(predicted, nuisance)
    extra = jnp.abs(nuisance.systematic * model)
    point = split_normal(measured.value, model, measured.error_lo, measured.error_hi, extra)
    limit = upper_limit(measured.value, model, measured.limit_width, extra)
    if measured.covariance is None:
        return jnp.where(measured.used, jnp.where(measured.is_ul, limit, point), 0.0)
    plain, error = (measured.used & ~measured.is_ul).ravel(), measured.error.ravel()
    residual = jnp.where(plain, (model - measured.value).ravel() / error, 0.0)
    spread = jnp.where(plain, (extra.ravel() / error) ** 2, 0.0)
    joint = correlated_normal(residual, measured.covariance + jnp.diag(spread), plain)
    volume = jnp.sum(jnp.where(plain, jnp.log(error), 0.0))
    return joint - volume + jnp.sum(jnp.where(measured.used & measured.is_ul, limit, 0.0))


def log_likelihood(measured: Measured, predicted: Float[Array, "photon bin"], nuisance: Nuisance) -> Array:
    """Log-likelihood of a table: the sum of its points."""
    return jnp.sum(pointwise(measured, predicted, nuisance))
