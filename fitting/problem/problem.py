"""A fit as one object: scene, tables, priors, options, and the log-density that comes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from fitting.problem.checks import check_finite, check_led, check_moved, check_problem, leaders
from fitting.problem.felt import felt
from fitting.problem.mocks import Errors, measured, mock_table
from fitting.problem.notes import notes
from fitting.problem.posterior import Posterior, Values
from fitting.problem.priors import Prior, check_quantile, law
from fitting.problem.spans import free_spans
from fitting.setup.assemble import assemble, complete
from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import check_held
from fitting.tables.table import Table
from jaxcrc._types import is_plain
from jaxcrc.forward import Prediction
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.scene import Scene, bind, get, named, values_at
from jaxcrc.units import is_quantity

Points = Mapping[str, Any] | ArrayLike
Function = Callable[[Posterior, Any], Any]


@partial(jax.jit, static_argnums=0)
def _once(function: Function, posterior: Posterior, values: Any) -> Any:
    return function(posterior, values)


@partial(jax.jit, static_argnums=0)
def _each(function: Function, posterior: Posterior, values: Any) -> Any:
    return jax.lax.map(partial(function, posterior), values)


@partial(jax.jit, static_argnums=2)
def _sample_prior(posterior: Posterior, key: PRNGKeyArray, size: int) -> Values:
    keys = jax.random.split(key, len(posterior.paths))
    return {path: posterior.prior(path).sample(k, (size,)) for k, path in zip(keys, posterior.paths, strict=True)}


class Problem:
    """What is to be inferred, from what.

    Arguments: scene; tables — {name: Table}; priors — {path: numpyro distribution or Prior}; options — see `Options`;
    title, text — for people; sampling — settings that `fit` takes where it is told nothing else; report — what to tell
    besides: `energies` pc, as texts or [GeV], at which κ and χ are quoted. `notes` tells in sentences what is taken for
    granted, or odd.
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
        report: Mapping[str, Any] | None = None,
    ) -> None:
        options = options or Options()
        self.tables, self.title, self.text, self.sampling = dict(tables), title, text, dict(sampling or {})
        self.report = dict(report or {})
        self.scene, self._asked = complete(scene, self.tables, options), options
        self.priors = {path: p if isinstance(p, Prior) else Prior(p) for path, p in priors.items()}
        if not self.tables:
            raise AssemblyError("no table to fit: give at least one")
        options = replace(options, ties=leaders(options.ties))
        check_problem(self.scene, self.tables, self.priors, options)
        spans = free_spans(self.scene, self.tables, self.priors, options)
        self.options = replace(options, spans={**spans, **options.spans})
        # What follows another stands where that one does, for what is built from the scene.
        self.scene = bind(self.scene, {path: get(self.scene, leader) for path, leader in options.ties.items()})
        self.setup = assemble(self.scene, self.tables, self.options)
        self.notes = notes(self.scene, self.tables, self.options, self.priors)
        self.posterior = Posterior(
            self.scene,
            self.setup,
            {name: measured(table) for name, table in self.tables.items()},
            {path: law(prior) for path, prior in self.priors.items()},
            self.paths,
            tuple(self.options.ties.items()),
        )

    def __repr__(self) -> str:
        """What is fitted to what."""
        points = ", ".join(f"{name} ({int(table.used.sum())} points)" for name, table in self.tables.items())
        simulated = " (SIMULATED)" if self.simulated else ""
        return f"Problem '{self.title or 'untitled'}'{simulated}: {len(self.paths)} free parameters; tables {points}"

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the free parameters."""
        return tuple(self.priors)

    @property
    def simulated(self) -> bool:
        """Whether any table is a mock."""
        return any(table.simulated for table in self.tables.values())

    def log_density(self, values: Points) -> Array:
        """ln L + ln prior, in the parameters' own coordinates.

        Arguments: values — {path: number, array of draws, or what has a unit of its own} that names every free
        parameter, or an array [..., parameter] in the order of `paths`. Returns: one number for each draw.
        """
        return self._over(Posterior.log_density, values, anywhere=True)

    def log_likelihood(self, values: Points) -> Array:
        """ln L of all tables; arguments as for `log_density`."""
        return self._over(Posterior.log_likelihood, values)

    def log_prior(self, values: Points) -> Array:
        """ln of the prior density; arguments as for `log_density`."""
        return self._over(Posterior.log_prior, values, anywhere=True)

    def prior_transform(self, u: ArrayLike) -> Float[Array, "*draw parameter"]:
        """The parameters at a point of the unit cube, for nested samplers: each prior's quantile.

        Arguments: u — [..., parameter] between 0 and 1, in the order of `paths`. Errors: ValueError for another shape;
        PriorError for a prior without a quantile.
        """
        cube = self._vector(u)
        for path, prior in self.priors.items():
            check_quantile(path, prior.distribution)
        found = _each(Posterior.from_cube, self.posterior, cube.reshape(-1, cube.shape[-1]))
        return jnp.stack([found[path] for path in self.paths], axis=-1).reshape(cube.shape)

    def predict(self, values: Mapping[str, Any] | None = None) -> Prediction:
        """Predicted tables at {path: value}; the scene's own values where none is given.

        Errors: ValueError where the model gives no number.
        """
        found = _once(
            Posterior.predict, self.posterior, {**self.start(), **self._held(values_at(self.scene, values or {}))}
        )
        check_finite(self.tables, found.tables)
        return found

    def predict_many(self, values: Mapping[str, Any]) -> Prediction:
        """Predicted tables at many draws, {path: [draw]}."""
        return _each(Posterior.predict, self.posterior, self._given(values))

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
        """The same problem with the scene moved to {path: value}, ties included, and matrices made for it.

        Errors: as for `moves`.
        """
        return self.changed(scene=self.posterior.bound({**self.start(), **self.moves(values)}))

    def moves(self, values: Mapping[str, Any]) -> dict[str, Array]:
        """{path: value} as the scene keeps it, of what is moved by hand: the one gate for it.

        Errors: ValueError for an unknown path, one that is given twice, that follows another or that no table feels,
        and for values outside the range of the model.
        """
        return self._moved(values_at(self.scene, values))

    def _moved(self, found: dict[str, Array]) -> dict[str, Array]:
        moved = [path for path in found if path not in self.priors]
        check_moved(self.scene, self.tables, self.options, moved, lambda: self.felt)
        check_led(self.scene, self.options.ties, found)
        return found

    @cached_property
    def felt(self) -> frozenset[str]:
        """Paths that the tables feel; worked out once, without a prediction."""
        return felt(self.posterior)

    def reaching(self, spans: Mapping[str, tuple[float, float]]) -> Problem:
        """The same problem, with matrices that hold over {path: (lowest, highest)} too.

        Errors: ValueError for what no matrix can follow.
        """
        led = {path: spans[leader] for path, leader in self.options.ties.items() if leader in spans}
        wanted = {path: span for path, span in {**spans, **led}.items() if path in self.setup.ranges}
        ends = {path: (wanted[path], tuple(np.asarray(self.setup.ranges[path]).tolist())) for path in wanted}
        wider = {path: (min(a[0], b[0]), max(a[1], b[1])) for path, (a, b) in ends.items()}
        if all(wider[path] == have for path, (_, have) in ends.items()):
            return self
        options = replace(self._asked, spans={**self._asked.spans, **wider})
        return self.changed(options=options)

    def changed(self, **changes: Any) -> Problem:
        """The same problem but for what is named, as `Problem` names its arguments."""
        same = ("scene", "tables", "priors", "title", "text", "sampling", "report")
        kept = {name: getattr(self, name) for name in same} | {"options": self._asked}
        return Problem(**{**kept, **changes})

    def expected_tables(self) -> dict[str, Table]:
        """The tables the scene would give without noise, with the measured tables' errors; labelled simulated."""
        return self._mocks(None, None)

    def simulate(self, key: PRNGKeyArray, errors: Errors = None) -> dict[str, Table]:
        """Mock tables of the scene: the prediction plus Gaussian noise.

        Arguments: errors — relative error of each point, such as 0.1 or "10 %"; by default the tables' own errors are
        kept (a layout's are relative). A point that is an upper limit becomes a measurement with the width behind the
        limit.
        """
        return self._mocks(key, errors)

    def _mocks(self, key: PRNGKeyArray | None, errors: Errors) -> dict[str, Table]:
        predicted = self.predict().tables
        truth = {path: float(value) for path, value in self.start().items()}
        keys = [None] * len(self.tables) if key is None else jax.random.split(key, len(self.tables))
        return {
            name: mock_table(table, self.posterior.data[name], np.asarray(predicted[name]), k, truth, errors)
            for k, (name, table) in zip(keys, self.tables.items(), strict=True)
        }

    def _over(self, function: Function, values: Points, anywhere: bool = False) -> Array:
        """A function of the posterior at one point, or at each of many; free parameters `anywhere`, or in range."""
        named = values if isinstance(values, Mapping) else self._named(self._vector(values))
        arrays = self._given(named, self.priors if anywhere else ())
        shape = jnp.broadcast_shapes(*(array.shape for array in arrays.values()))
        if not shape:
            return _once(function, self.posterior, arrays)
        flat = {path: jnp.broadcast_to(array, shape).reshape(-1) for path, array in arrays.items()}
        return _each(function, self.posterior, flat).reshape(shape)

    def _named(self, vector: Array) -> dict[str, Array]:
        """Parameters of an array [..., parameter] by path."""
        return {path: vector[..., i] for i, path in enumerate(self.paths)}

    def _vector(self, values: ArrayLike) -> Array:
        """Parameters as an array [..., parameter]."""
        if is_quantity(values):
            raise ValueError("an array of parameters holds plain numbers: name those with units, {path: value}")
        array = jnp.asarray(values, float)
        if array.shape[-1:] != (len(self.paths),):
            raise ValueError(f"an array of shape {array.shape} does not end in {len(self.paths)} parameters: see paths")
        return array

    def _given(self, values: Mapping[str, Any], anywhere: Collection[str] = ()) -> dict[str, Array]:
        """Values as the model takes them, checked but for the paths that may be `anywhere`: their prior decides."""
        # Plain numbers of free parameters are as the model takes them: a sampler's every step passes here.
        found = {path: values[path] for path in anywhere if path in values and is_plain(values[path])}
        if rest := {path: value for path, value in values.items() if path not in found}:
            named(self.scene, values)
            read = values_at(self.scene, rest, anywhere)
            found |= read | self._held({path: value for path, value in read.items() if path not in anywhere})
        found = {path: jnp.asarray(value, float) for path, value in found.items()}
        missing = [path for path in self.priors if path not in found]
        if missing:
            raise ValueError(f"no value for {', '.join(missing)}: name every free parameter")
        return found

    def _held(self, found: dict[str, Array]) -> dict[str, Array]:
        """What is moved by hand, to where matrices hold."""
        self._moved(found)
        led = {path: found[leader] for path, leader in self.options.ties.items() if leader in found}
        check_held(self.setup.ranges, found | led)
        return {path: jnp.asarray(value, float) for path, value in found.items()}


def media(scene: Scene) -> dict[str, AbstractMedium]:
    """The diffusive media of a scene, by component."""
    return {name: model.medium for name, model in scene.components.items() if isinstance(model.medium, AbstractMedium)}


def simulate(problem: Problem, seed: int = 0, errors: Errors = None) -> Problem:
    """The same problem with mock tables of its own scene in place of the measured ones.

    Arguments: seed — of the noise; errors — relative error of each point, as for `Problem.simulate`.
    """
    return problem.changed(tables=problem.simulate(jax.random.key(seed), errors))
