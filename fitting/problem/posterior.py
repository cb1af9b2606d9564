"""The log-density of a problem, as a pure function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from fitting.problem.likelihood import Measured, expected, log_likelihood, pointwise
from fitting.problem.priors import Law, transform
from jaxcrc.forward import Prediction, Setup, predict
from jaxcrc.scene import Scene, bind, get
from jaxcrc.transport.base import Status

Values = Mapping[str, ArrayLike]


class Posterior(eqx.Module):
    """All that a log-density needs, as one pytree: compiled once per shape, whatever the numbers."""

    scene: Scene
    setup: Setup
    data: dict[str, Measured]
    laws: dict[str, Law | dist.Distribution]
    paths: tuple[str, ...] = eqx.field(static=True)  # the order of a vector's entries: a pytree sorts its dictionaries
    ties: tuple[tuple[str, str], ...] = eqx.field(static=True)

    def prior(self, path: str) -> dist.Distribution:
        """The distribution that a parameter is drawn from before the data."""
        law = self.laws[path]
        return law.distribution() if isinstance(law, Law) else law

    def bound(self, values: Values) -> Scene:
        """The scene at the given values, ties included."""
        scene = bind(self.scene, values)
        return bind(scene, {path: get(scene, leader) for path, leader in self.ties})

    def predict(self, values: Values) -> Prediction:
        """Predicted tables, as the likelihood compares them: scale and offset applied."""
        scene = self.bound(values)
        raw = predict(scene, self.setup)
        tables = {name: expected(table, scene.data[name]) for name, table in raw.tables.items()}
        return Prediction(tables, raw.status)

    def log_prior(self, values: Values) -> Array:
        """Σ ln p(value), in the parameters' own coordinates; −∞ outside the priors."""
        return sum((_log_prior(self.prior(path), values[path]) for path in self.paths), jnp.zeros(()))

    def log_likelihood(self, values: Values) -> Array:
        """ln L of all tables; −∞ where a solver failed, or a matrix does not hold."""
        scene = self.bound(values)
        prediction = predict(scene, self.setup)
        terms = (log_likelihood(self.data[n], t, scene.data[n]) for n, t in prediction.tables.items())
        return jnp.where(prediction.status & int(Status.FAILED | Status.OUTSIDE), -jnp.inf, sum(terms))

    def log_density(self, values: Values) -> Array:
        """ln L + ln prior, in the parameters' own coordinates; −∞ outside the priors, where no model need hold."""
        log_prior = self.log_prior(values)
        return jnp.where(log_prior == -jnp.inf, -jnp.inf, self.log_likelihood(values) + log_prior)

    def from_cube(self, cube: Float[Array, " parameter"]) -> dict[str, Array]:
        """Parameters from a point of the unit cube: each prior's quantile."""
        return {path: self.prior(path).icdf(cube[i]) for i, path in enumerate(self.paths)}

    def constrain(self, vector: Float[Array, " parameter"]) -> dict[str, Array]:
        """Parameters from a point of the unbounded space."""
        return {path: transform(self.prior(path))(vector[i]) for i, path in enumerate(self.paths)}

    def unconstrain(self, values: Values) -> Float[Array, " parameter"]:
        """The point of the unbounded space that gives these parameters."""
        return jnp.stack([transform(self.prior(path)).inv(jnp.asarray(values[path])) for path in self.paths])

    def potential(self, vector: Float[Array, " parameter"], jacobian: float | Array = 1.0) -> Array:
        """−ln of the posterior density at a point of the unbounded space.

        With `jacobian` 1 per unit of that space, as a sampler needs it; with 0 per unit of the parameters themselves,
        so that its minimum is the MAP.
        """
        values = self.constrain(vector)
        bijections = (transform(self.prior(path)) for path in self.paths)
        pairs = enumerate(zip(bijections, self.paths, strict=True))
        log_volume = sum(b.log_abs_det_jacobian(vector[i], values[path]) for i, (b, path) in pairs)
        return -self.log_density(values) - jacobian * log_volume

    def pointwise(self, values: Values) -> dict[str, Array]:
        """Log-likelihood of each point of each table."""
        scene = self.bound(values)
        tables = predict(scene, self.setup).tables
        return {name: pointwise(self.data[name], table, scene.data[name]) for name, table in tables.items()}


def _log_prior(prior: dist.Distribution, value: ArrayLike) -> Array:
    inside = jnp.all(prior.support(value))
    return jnp.where(inside, jnp.sum(prior.log_prob(value)), -jnp.inf)
