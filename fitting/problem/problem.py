"""A fit as one object: scene, tables, priors, options, and the log-density that comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import Array
from jaxtyping import Float, PRNGKeyArray

from fitting.problem.likelihood import Measured, expected, log_likelihood, pointwise
from fitting.problem.mocks import measured, mock_table
from fitting.problem.priors import Law, Prior, PriorError, bounds, check, law, transform
from fitting.setup.assemble import assemble
from fitting.setup.options import AssemblyError, Options
from fitting.setup.places import free_places
from fitting.tables.table import Table
from jaxcrc.forward import Prediction, Setup, predict
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.scene import Model, Nuisance, Scene, bind, get
from jaxcrc.source.sea import LocalSea
from jaxcrc.transport.base import Status
from jaxcrc.transport.uniform import Uniform

Values = Mapping[str, Array]


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
        """Σ ln p(value), in the parameters' own coordinates."""
        return sum((jnp.sum(self.prior(path).log_prob(values[path])) for path in self.paths), jnp.zeros(()))

    def log_likelihood(self, values: Values) -> Array:
        """ln L of all tables; −∞ where a solver failed."""
        scene = self.bound(values)
        prediction = predict(scene, self.setup)
        terms = (log_likelihood(self.data[n], t, scene.data[n]) for n, t in prediction.tables.items())
        return jnp.where(prediction.status & int(Status.FAILED), -jnp.inf, sum(terms))

    def log_density(self, values: Values) -> Array:
        """ln L + ln prior, in the parameters' own coordinates."""
        return self.log_likelihood(values) + self.log_prior(values)

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


@jax.jit
def _log_density(posterior: Posterior, values: Values) -> Array:
    return posterior.log_density(values)


@partial(jax.jit, static_argnums=2)
def _sample_prior(posterior: Posterior, key: PRNGKeyArray, size: int) -> Values:
    keys = jax.random.split(key, len(posterior.paths))
    return {path: posterior.prior(path).sample(k, (size,)) for k, path in zip(keys, posterior.paths, strict=True)}


@jax.jit
def _predict(posterior: Posterior, values: Values) -> Prediction:
    return posterior.predict(values)


@jax.jit
def _predict_many(posterior: Posterior, values: Values) -> Prediction:
    return jax.lax.map(posterior.predict, values)


class Problem:
    """What is to be inferred, from what.

    Arguments: scene; tables — {name: Table}; priors — {path: numpyro distribution or Prior}; options — see `Options`;
    title, text — for people; sampling — settings that `fit` takes where it is told nothing else.
    Errors: PriorError, AssemblyError (both ValueError), naming the path or the table and the remedy.
    """

    def __init__(
        self,
        scene: Scene,
        tables: Mapping[str, Table],
        priors: Mapping[str, dist.Distribution | Prior],
        options: Options | None = None,
        title: str = "",
        text: str = "",
        sampling: Mapping[str, Any] | None = None,
    ) -> None:
        options = options or Options()
        self.tables, self.title, self.text, self.sampling = dict(tables), title, text, dict(sampling or {})
        self.scene = _complete(scene, self.tables, options)
        self.priors = {path: p if isinstance(p, Prior) else Prior(p) for path, p in priors.items()}
        spans = {**self._psf_spans(options.ties), **options.psf_span}
        field_span = options.field_span or self._field_span()
        places = free_places(self.scene, self.priors, options.ties)
        self.options = replace(options, psf_span=spans, field_span=field_span, place_span=places)
        self._check()
        # What follows another stands where that one does, for what is built from the scene.
        self.scene = bind(self.scene, {path: get(self.scene, leader) for path, leader in options.ties.items()})
        self.setup = assemble(self.scene, self.tables, self.options)
        self.posterior = Posterior(
            self.scene,
            self.setup,
            {name: measured(table) for name, table in self.tables.items()},
            {path: law(prior) for path, prior in self.priors.items()},
            self.paths,
            tuple(self.options.ties.items()),
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the free parameters."""
        return tuple(self.priors)

    @property
    def simulated(self) -> bool:
        """Whether any table is a mock."""
        return any(table.simulated for table in self.tables.values())

    def _psf_spans(self, ties: Mapping[str, str]) -> dict[str, tuple[float, float]]:
        """The factors on PSF widths that priors allow, cut to what a matrix can follow."""
        spans = {}
        for name in self.tables:
            path = f"data.{name}.psf_scale"
            prior = self.priors.get(ties.get(path, path))
            if prior is not None:
                low, high = bounds(prior.distribution)
                spans[name] = (max(low, 0.5), min(high, 2.0))
        return spans

    def _field_span(self) -> tuple[float, float] | None:
        """The magnetic fields [µG] that a prior allows."""
        prior = self.priors.get("light.magnetic_field")
        return None if prior is None else bounds(prior.distribution)

    def _check(self) -> None:
        if not self.tables:
            raise AssemblyError("no table to fit: give at least one")
        for path, prior in self.priors.items():
            check(self.scene, path, prior.distribution)
            name = path.split(".")[1] if path.startswith("data.") and path.endswith(".psf_scale") else None
            low, high = bounds(prior.distribution)
            if name in self._psf_spans(self.options.ties) and (low < 0.5 or high > 2.0):
                raise PriorError(f"the prior of {path} reaches [{low:g}, {high:g}]: keep the factor within 0.5 and 2")
            if path.endswith(".scale") and path.startswith("data.") and self._is_index(path.split(".")[1]):
                raise PriorError(f"{path} has a prior but an index has no level: use the offset of the table")
            if path.startswith("view.offset_") and self.tables.keys() <= self.options.clouds.keys():
                raise PriorError(f"{path} has a prior but no table looks at the source itself: drop it")
            if path.endswith(".gas_depth") and float(self.scene.view.gas_depth) <= 0.0:
                raise PriorError(f"{path} has a prior but the scene has no gas depth: start it above 0")
        for follower, leader in self.options.ties.items():
            if follower in self.priors:
                raise PriorError(f"{follower} is tied to {leader} and has a prior: drop one of the two")
            get(self.scene, follower), get(self.scene, leader)

    def _is_index(self, name: str) -> bool:
        return name in self.tables and self.tables[name].kind == "photon_index"

    def log_density(self, values: Mapping[str, Any]) -> Array:
        """ln L + ln prior at {path: value}; every free parameter must be named."""
        return _log_density(self.posterior, self._arrays(values))

    def predict(self, values: Mapping[str, Any] | None = None) -> Prediction:
        """Predicted tables at {path: value}; the scene's own values where none is given."""
        return _predict(self.posterior, self._arrays({**self.start(), **(values or {})}))

    def predict_many(self, values: Mapping[str, Any]) -> Prediction:
        """Predicted tables at many draws, {path: [draw]}."""
        return _predict_many(self.posterior, self._arrays(values))

    def start(self) -> dict[str, Array]:
        """The scene's own values of the free parameters."""
        return {path: get(self.scene, path) for path in self.priors}

    def sample_prior(self, key: PRNGKeyArray, size: int) -> dict[str, Array]:
        """Draws from the prior, {path: [size]}."""
        return _sample_prior(self.posterior, key, size)

    def model(self) -> None:
        """The same posterior as a NumPyro model, for anyone who brings another NumPyro tool."""
        values = {path: numpyro.sample(path, prior.distribution) for path, prior in self.priors.items()}
        numpyro.factor("log_likelihood", self.posterior.log_likelihood(values))

    def at(self, values: Mapping[str, Any]) -> Problem:
        """The same problem with the scene moved to {path: value}, ties included."""
        scene = self.posterior.bound({**self.start(), **values})
        return Problem(scene, self.tables, self.priors, self.options, self.title, self.text, self.sampling)

    def expected_tables(self) -> dict[str, Table]:
        """The tables the scene would give without noise, with the measured tables' errors; labelled simulated."""
        return self._mocks(None, None)

    def simulate(self, key: PRNGKeyArray, errors: float | None = None) -> dict[str, Table]:
        """Mock tables of the scene: the prediction plus Gaussian noise.

        Arguments: errors — relative error of each point; by default the tables' own errors are kept (a layout's are
        relative). A point that is an upper limit becomes a measurement with the width behind the limit.
        """
        return self._mocks(key, errors)

    def _mocks(self, key: PRNGKeyArray | None, errors: float | None) -> dict[str, Table]:
        predicted = self.predict().tables
        truth = {path: float(value) for path, value in self.start().items()}
        keys = [None] * len(self.tables) if key is None else jax.random.split(key, len(self.tables))
        return {
            name: mock_table(table, self.posterior.data[name], np.asarray(predicted[name]), k, truth, errors)
            for k, (name, table) in zip(keys, self.tables.items(), strict=True)
        }

    def _arrays(self, values: Mapping[str, Any]) -> dict[str, Array]:
        missing = [path for path in self.priors if path not in values]
        if missing:
            raise ValueError(f"no value for {', '.join(missing)}: name every free parameter")
        return {path: jnp.asarray(value, float) for path, value in values.items()}


def _complete(scene: Scene, tables: Mapping[str, Table], options: Options) -> Scene:
    """The scene with a nuisance entry for each table and, if asked for, the sea."""
    components = dict(scene.components)
    if options.sea is not None and "sea" not in components:
        components["sea"] = Model(LocalSea(reference=options.sea), None, Uniform())
    data = {name: scene.data.get(name, Nuisance()) for name in tables}
    return Scene(components, scene.view, data, scene.gas, scene.light)


def media(scene: Scene) -> dict[str, AbstractMedium]:
    """The diffusive media of a scene, by component."""
    return {name: model.medium for name, model in scene.components.items() if isinstance(model.medium, AbstractMedium)}
