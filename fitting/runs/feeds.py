"""Which particles the data see: the energies from which the measured light comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from fitting.problem.posterior import Posterior
from fitting.problem.problem import Problem
from jaxcrc.forward import Setup, predict
from jaxcrc.responses.base import AbstractResponse

SHARES = (0.16, 0.5, 0.84)


class Feeds(NamedTuple):
    """Energies pc [GeV] below which 16, 50 and 84 % of the measured light is made."""

    low: float
    middle: float
    high: float

    def holds(self, energy: float) -> bool:
        """Whether an energy [GeV] lies within the middle 68 %."""
        return self.low <= energy <= self.high


def feeding(problem: Problem, values: Mapping[str, Any]) -> dict[str, Feeds]:
    """For each component that shines in the tables, the energies of its particles that make what was measured.

    Each measured point counts once, its light shared out over the energies of the particles that make it; limits count
    where there is nothing else. Of an index the light at the ends of its bands counts.
    Arguments: values — {path: value} of the free parameters, such as the MAP.
    """
    tables = problem.tables
    measured = {name: table.measured for name, table in tables.items()}
    counted = measured if any(m.any() for m in measured.values()) else {name: t.used for name, t in tables.items()}
    arrays = {path: jnp.asarray(value, float) for path, value in values.items()}
    shares = _shares(problem.posterior, arrays, {name: jnp.asarray(mask) for name, mask in counted.items()})
    momenta = {name: np.asarray(grid.momentum) for name, grid in problem.setup.energy.items()}
    found = {name: _quantiles(momenta[name], np.asarray(share)) for name, share in shares.items()}
    return {name: feeds for name, feeds in found.items() if feeds is not None}


@jax.jit
def _shares(posterior: Posterior, values: dict[str, Array], counted: dict[str, Array]) -> dict[str, Array]:
    """{component: share of the counted points' light by energy}: predictions are linear in the densities, so that the
    slope against a factor on each energy is that energy's part.
    """
    scene, setup = posterior.bound(values), posterior.setup

    def light(factors: dict[str, Array]) -> dict[str, Array]:
        dimmed = {name: tuple(_dimmed(one, factors) for one in several) for name, several in setup.response.items()}
        return predict(scene, Setup(setup.energy, dimmed)).tables

    tables, parts = jax.vjp(light, {name: jnp.ones_like(grid.kinetic) for name, grid in setup.energy.items()})
    weights = {}
    for name, table in tables.items():
        mask = jnp.concatenate([counted[name]] * (table.shape[0] // counted[name].shape[0])) & (table > 0.0)
        weights[name] = jnp.where(mask, 1.0 / jnp.where(mask, table, 1.0), 0.0)
    return dict(parts(weights)[0])


def _dimmed(response: AbstractResponse, factors: dict[str, Array]) -> AbstractResponse:
    """A response to particles whose number is multiplied by a factor at each energy."""
    rows = [channel.emission * factors[channel.component] for channel in response.channels]
    changed: AbstractResponse = eqx.tree_at(lambda r: [channel.emission for channel in r.channels], response, rows)
    return changed


def _quantiles(momentum: np.ndarray, share: np.ndarray) -> Feeds | None:
    """Where the shares of the light are reached; None where there is none."""
    share = np.maximum(np.nan_to_num(share), 0.0)
    if share.sum() <= 0.0:
        return None
    reached = (np.cumsum(share) - 0.5 * share) / share.sum()
    return Feeds(*(float(x) for x in np.exp(np.interp(SHARES, reached, np.log(momentum)))))
