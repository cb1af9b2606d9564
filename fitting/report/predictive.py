"""What the model says over the posterior: tables, smooth spectra, densities; and how far the data are off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from scipy.special import bdtrc, chdtrc

from fitting.problem.problem import Posterior, Problem
from fitting.report.combinations import best_combinations
from fitting.runs.run import Run
from fitting.runs.summary import QUANTILES
from fitting.setup.assemble import assemble
from fitting.setup.emission import energy_weights
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from jaxcrc.forward import Setup, predict
from jaxcrc.scene import get, paths
from jaxcrc.source.sea import LocalSea
from jaxcrc.source.spectrum import RELEASE_MAX
from jaxcrc.transport.base import EnergyGrid, Symmetry
from jaxcrc.units import ERG_PER_GEV, PROTON_MASS

DRAWS = 200
SED_UNIT = u.erg / u.cm**2 / u.s
EV_PER_GEV = 1.0e9


@dataclass(frozen=True)
class Spread:
    """A quantity over the posterior [draw, ...], at the MAP and at the truth (None where it is not known)."""

    draws: Float[np.ndarray, " draw *shape"]
    best: Float[np.ndarray, "*shape"]
    truth: Float[np.ndarray, "*shape"] | None

    def quantiles(self) -> Float[np.ndarray, "5 ..."]:
        """2.5, 16, 50, 84 and 97.5 % over the draws."""
        return np.quantile(self.draws, QUANTILES, axis=0)


@dataclass(frozen=True)
class Misfit:
    """How a table and the model agree: χ² at the MAP over measured points, limits and how many the MAP exceeds.

    p_value — probability of a larger χ², averaged over the posterior (posterior predictive); p_best — the same at the
    MAP, for points less their share of the directions that the data decide, NaN where none are left; expected — number
    of limits that lie below a true model, each failing with 1 − confidence; p_limits, p_limits_best — probability that
    so many or more do, averaged over the posterior and at the MAP, NaN without limits.
    """

    chi_squared: float
    points: int
    limits: int
    exceeded: int
    p_value: float
    p_best: float
    expected: float
    p_limits: float
    p_limits_best: float

    def at_best(self) -> Misfit:
        """Judged at the MAP alone, where draws do not stand for the posterior."""
        return replace(self, p_value=self.p_best, p_limits=self.p_limits_best)


def truth_of(problem: Problem) -> dict[str, float]:
    """The parameters that simulated tables were made with, by path; empty where none is known."""
    known = set(paths(problem.scene))
    truths = [table.truth for table in problem.tables.values() if table.simulated and table.truth]
    return {path: float(value) for truth in truths for path, value in truth.items() if path in known}


def _stacked(run: Run, size: int) -> dict[str, Array]:
    """Thinned draws, the MAP and the truth (the MAP again where it is not known): {path: [draw + 2]}."""
    draws, truth = run.thinned(size), truth_of(run.problem)
    count = next(iter(draws.values())).size
    rows = {}
    for path in [*draws, *(path for path in truth if path not in draws)]:
        own = float(get(run.problem.scene, path))
        best = run.best.get(path, own)
        ends = jnp.asarray([best, truth.get(path, own) if truth else best])
        rows[path] = jnp.concatenate([jnp.asarray(draws.get(path, np.full(count, own))), ends])
    return rows


def _spread(run: Run, stacked: Any) -> Spread:
    array = np.asarray(stacked)
    return Spread(array[:-2], array[-2, ...], array[-1, ...] if truth_of(run.problem) else None)


@jax.jit
def _observe(posterior: Posterior, values: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    def one(point: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        nuisance = posterior.bound(point).data
        return posterior.predict(point).tables, {name: nuisance[name].systematic for name in posterior.data}

    return jax.lax.map(one, values)


def observed(run: Run, size: int = DRAWS) -> dict[str, tuple[Spread, Spread]]:
    """{table: (prediction [.., photon, bin] in its unit, systematic fraction [..])}, as the likelihood sees them."""
    tables, systematic = _observe(run.problem.posterior, _stacked(run, size))
    return {name: (_spread(run, tables[name]), _spread(run, systematic[name])) for name in run.problem.tables}


def residuals(table: Table, predicted: np.ndarray, systematic: float) -> Float[np.ndarray, "photon bin"]:
    """(data − model)/σ, with the error of the side on which the model lies; NaN for limits and gaps."""
    error = np.where(predicted > table.value, table.error_hi, table.error_lo)
    sigma = np.hypot(error, systematic * predicted)
    return np.where(table.measured, (table.value - predicted) / np.where(table.measured, sigma, 1.0), np.nan)


def chi_squared(table: Table, predicted: np.ndarray, systematic: float) -> float:
    """Σ residual² over measured points, or rᵀC⁻¹r where the table has a covariance."""
    if table.covariance is None:
        return float(np.sum(residuals(table, predicted, systematic)[table.measured] ** 2))
    cell = np.flatnonzero(table.measured)
    model = predicted.ravel()[cell]
    residual = table.value.ravel()[cell] - model
    covariance = table.covariance[np.ix_(cell, cell)] + np.diag((systematic * model) ** 2)
    return float(residual @ np.linalg.solve(covariance, residual))


def misfits(run: Run, size: int = DRAWS) -> dict[str, Misfit]:
    """How each table and the model agree; Σ residual² of a two-piece normal is a χ², so p needs no mock data."""
    total = sum(int(table.measured.sum()) for table in run.problem.tables.values())
    left = max(0.0, 1.0 - best_combinations(run)[1] / max(total, 1))
    return {
        name: _misfit(run.problem.tables[name], predicted, systematic, left)
        for name, (predicted, systematic) in observed(run, size).items()
    }


def _misfit(table: Table, predicted: Spread, systematic: Spread, left: float) -> Misfit:
    """Of one table; left — degrees of freedom for each point."""
    points, limits = int(table.measured.sum()), int((table.used & table.is_ul).sum())
    drawn = [chi_squared(table, p, s) for p, s in zip(predicted.draws, systematic.draws, strict=True)]
    best = chi_squared(table, predicted.best, float(systematic.best))
    above, failing = exceeded(table, predicted.best), 1.0 - (table.confidence or 1.0)
    return Misfit(
        best,
        points,
        limits,
        above,
        float(np.mean(chdtrc(points, drawn))) if points else math.nan,
        float(chdtrc(left * points, best)) if left * points > 0.0 else math.nan,
        failing * limits,
        float(np.mean([_so_many(exceeded(table, p), limits, failing) for p in predicted.draws])),
        _so_many(above, limits, failing),
    )


def exceeded(table: Table, predicted: np.ndarray) -> int:
    """How many upper limits lie below a prediction."""
    limits = table.used & table.is_ul
    return int(np.sum(predicted[limits] > table.value[limits]))


def _so_many(count: int, limits: int, failing: float) -> float:
    """Probability that so many or more of independent limits lie below the truth; NaN without limits."""
    if not limits:
        return math.nan
    return float(bdtrc(count - 1, limits, failing)) if count else 1.0


def sed_factor(table: Table) -> Float[np.ndarray, " photon"]:
    """Factor from a spectrum's values to E² dN/dE [erg cm⁻² s⁻¹]; bands as for E⁻²: F E₁E₂/(E₂ − E₁), its energy flux
    over ln(E₂/E₁). A mean over a region counts with all of its solid angle.
    """
    power = table.quantity.power
    if table.differential:
        squared = table.photon ** (2 - power)
    else:
        low, high = table.bands
        squared = 1.0 / np.log(high / low) if power == 1 else low / (1.0 - low / high)
    solid = table.region.solid_angles()[0] if table.is_mean else 1.0
    return squared * solid * ERG_PER_GEV / table.unit_factor


def span(table: Table) -> tuple[float, float]:
    """Lowest and highest photon energy of a table [GeV]; an open band counts up to ten times its lower edge."""
    low, high = table.reach
    return float(low[0]), float(high[-1] if math.isfinite(high[-1]) else 10.0 * low[-1])


def _fine(table: Table, size: int) -> Table:
    """The same table on a fine grid of photon energies, as E² dN/dE; each energy takes the PSF of the nearest row."""
    low, high = span(table)
    photon = np.geomspace(low / 1.4, 1.4 * high, size)
    nearest = np.argmin(np.abs(np.log(photon[:, None] / table.photon)), axis=1)
    ones = np.ones((size, 1))
    return replace(
        table, kind="e2dnde", unit=SED_UNIT, value=ones, error_lo=ones, error_hi=ones,
        is_ul=ones < 0.0, used=ones > 0.0, e_min=None, e_max=None, e_ref=photon,
        psf=None if table.psf is None else tuple(table.psf[i] for i in nearest),
        confidence=None, covariance=None, correlation_length=None,
    )  # fmt: skip


@jax.jit
def _curves(posterior: Posterior, setup: Setup, values: dict[str, Array]) -> dict[str, Array]:
    def one(point: dict[str, Array]) -> dict[str, Array]:
        scene = posterior.bound(point)
        return {name: scene.data[name].scale * table[:, 0] for name, table in predict(scene, setup).tables.items()}

    return jax.lax.map(one, values)


def spectra(
    run: Run, names: Sequence[str], size: int = DRAWS, points: int = 60
) -> dict[str, tuple[np.ndarray, Spread]]:
    """{table: (photon energies [GeV], E² dN/dE [erg cm⁻² s⁻¹])} on a fine grid, each seen through its own region.

    A table's `scale` is applied; its `offset`, which is counted in the table's own unit, is not.
    """
    problem = run.problem
    fine = {name: _fine(problem.tables[name], points) for name in names}
    setup = assemble(problem.scene, fine, problem.options)
    curves = _curves(problem.posterior, setup, _stacked(run, size))
    return {name: (fine[name].photon, _spread(run, curves[name])) for name in names}


def thresholds(problem: Problem) -> tuple[float, ...]:
    """Cosmic-ray energies [GeV] above which densities are quoted: decades near ten times the photons' energies."""
    parents = [1.0 if table.quantity.compared is Compared.DENSITY else 10.0 for table in problem.tables.values()]
    ends = np.array([span(table) for table in problem.tables.values()]) * np.array(parents)[:, None]
    low, high = 10.0 ** np.round(np.log10(ends[:, 0].min())), 10.0 ** np.floor(np.log10(ends[:, 1].max()))
    least, most = max(float(low), 10.0), min(float(high), 1.0e5)
    return (least,) if most <= least else (least, most)


@jax.jit
def _densities(
    posterior: Posterior, grid: EnergyGrid, weights: Array, radius: Array, values: dict[str, Array]
) -> tuple[dict[str, Array], dict[str, tuple[Array, Array]]]:
    def one(point: dict[str, Array]) -> tuple[dict[str, Array], dict[str, tuple[Array, Array]]]:
        scene = posterior.bound(point)
        fields = {
            name: m.transport.solve(
                m.source, m.medium, EnergyGrid(grid.kinetic, grid.feeds, m.mass), scene.surroundings(name)
            )
            for name, m in scene.components.items()
        }
        line = radius[:, None] * jnp.eye(1, 3, dtype=radius.dtype)
        shape = (weights.shape[0], line.shape[0])
        around = {name: jnp.broadcast_to(weights @ field.density(line), shape) for name, field in fields.items()}
        clouds = {}
        for name, cloud in scene.view.clouds.items():
            centre = cloud.centre(scene.view.distance)
            here = {c: (centre - scene.place(c))[None, :] for c in fields}
            parts = jnp.stack([(weights @ field.density(here[c]))[:, 0] for c, field in fields.items()])
            clouds[name] = jnp.sqrt(jnp.sum(centre**2)), jnp.sum(parts, axis=0)
        return around, clouds

    return jax.lax.map(one, values)


def energy_densities(
    run: Run, radius: np.ndarray, above: Sequence[float], size: int = DRAWS
) -> tuple[dict[str, Spread], dict[str, tuple[Spread, Spread]]]:
    """CR energy density w(>T) [eV cm⁻³] of each component around its own place, and of all in each cloud.

    Arguments: radius — 3-D distances from the component [pc]; above — thresholds in kinetic energy [GeV].
    Returns: {component: [.., threshold, radius]}; {cloud: (distance [pc], all at its centre [.., threshold])}.
    """
    grid, weights = _above(above)
    around, clouds = _densities(run.problem.posterior, grid, weights, jnp.asarray(radius), _stacked(run, size))
    near = {name: (_spread(run, distance), _spread(run, total)) for name, (distance, total) in clouds.items()}
    return {name: _spread(run, value) for name, value in around.items()}, near


def sea_levels(above: Sequence[float]) -> Float[np.ndarray, " threshold"]:
    """Energy density of the local sea w(>T) [eV cm⁻³]."""
    grid, weights = _above(above)
    return np.asarray(weights @ LocalSea()(grid.kinetic))


def _above(above: Sequence[float]) -> tuple[EnergyGrid, Float[Array, "threshold energy"]]:
    """Energies [GeV] up to the end of the released spectrum, and weights that integrate T n dT [eV cm⁻³]."""
    kinetic = np.geomspace(min(above), RELEASE_MAX, 20 * math.ceil(math.log10(RELEASE_MAX / min(above))) + 1)
    weights = np.stack([energy_weights(kinetic, low, math.inf) for low in above]) * EV_PER_GEV
    return EnergyGrid(jnp.asarray(kinetic), jnp.zeros(kinetic.size, bool), PROTON_MASS), jnp.asarray(weights)


def is_sea(problem: Problem, name: str) -> bool:
    """Whether a component fills all space."""
    model = problem.scene.components[name]
    return model.transport.symmetry(model.source) is Symmetry.UNIFORM
