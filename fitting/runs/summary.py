"""What a run found, in numbers: a row for each parameter and derived quantity, and how far chains can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

import astropy.table
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from fitting.problem.posterior import Posterior
from fitting.problem.problem import Problem, media
from fitting.runs.feeds import Feeds, feeding
from fitting.words import energy
from jaxcrc.medium.diffusion import kappa_0
from jaxcrc.scene import describe
from jaxcrc.transport.base import Status
from jaxcrc.units import CM2_S_PER_PC2_KYR

QUANTILES = (0.025, 0.16, 0.5, 0.84, 0.975)
REFERENCE_ENERGIES = {"10 GeV": 10.0, "10 TeV": 1.0e4}
SECOND_REFERENCE = "bc18"

Draws = dict[str, np.ndarray]


def summarise(
    problem: Problem,
    draws: Draws,
    prior: Draws,
    best: Mapping[str, float],
    errors: Mapping[str, float],
    sampled: bool,
    energies: Iterable[float] = (),
) -> astropy.table.Table:
    """Table of parameters and derived quantities: mean, sd, quantiles, MAP, R-hat, ESS, shrinkage.

    Undefined diagnostics are NaN and print as 'unknown'. Shrinkage is 1 − sd(posterior)/sd(prior), of the logarithm for
    derived quantities. Its meta has `feeds`, {component: energies [GeV] below which 16, 50 and 84 % of the measured
    light is made}, `energies`, {component: {name: energy [GeV]}}, and `extrapolated`: the rows outside of the first and
    last of `feeds`.
    Arguments: draws, prior — {path: [chain, draw]}, {path: [draw]}; best, errors — the MAP and its Laplace errors;
    energies — further ones [GeV] at which κ and χ are quoted.
    """
    feeds = feeding(problem, best)
    quoted = {name: _quoted(feeds.get(name), energies) for name in media(problem.scene)}
    rows = []
    for path, values in draws.items():
        row = _row(path, str(describe(problem.scene, path).get("unit", "")), values, best[path], sampled)
        rows.append({**row, "map_error": errors.get(path, np.nan), "shrinkage": _shrinkage(values, prior[path])})
    one = {path: np.array([value]) for path, value in best.items()}
    before, at_best = (derived(problem, values, quoted) for values in (prior, one))
    found = derived(problem, draws, quoted)
    for name, (values, unit, _) in found.items():
        row = _row(name, unit, values, at_best[name].values.item(), sampled)
        shrinkage = _shrinkage(np.log(values), np.log(before[name].values))
        rows.append({**row, "map_error": np.nan, "shrinkage": shrinkage})
    names = [name for name in rows[0] if name not in DIAGNOSTICS] if rows else []
    order = [*names[: names.index("map") + 1], "map_error", *DIAGNOSTICS, "shrinkage"] if rows else None
    beyond = [name for name, row in found.items() if not _holds(feeds.get(name.split(": ")[0]), row.energy)]
    light = {name: list(feeds[name]) for name in quoted if name in feeds}
    meta = {"feeds": light, "energies": quoted, "extrapolated": beyond}
    return astropy.table.Table(rows=rows, names=order, meta=meta)


def _quoted(feeds: Feeds | None, energies: Iterable[float]) -> dict[str, float]:
    """{name: energy [GeV]} at which a medium is quoted: first where the measured light comes from, rounded."""
    own = [float(f"{feeds.middle:.2g}")] if feeds else []
    return {energy(value): value for value in (*own, *REFERENCE_ENERGIES.values(), *energies)}


def _holds(feeds: Feeds | None, at: float) -> bool:
    return feeds is not None and feeds.holds(at)


def _row(name: str, unit: str, values: np.ndarray, best: float, sampled: bool) -> dict[str, str | float]:
    row: dict[str, str | float] = {"parameter": name, "unit": unit}
    row |= {"mean": float(np.mean(values)), "sd": float(np.std(values))}
    row |= {f"q{100 * q:g}": float(np.quantile(values, q)) for q in QUANTILES}
    found = diagnostics(values) if sampled else dict.fromkeys(DIAGNOSTICS, np.nan)
    return {**row, "map": best, **found}


def _shrinkage(values: np.ndarray, prior: np.ndarray) -> float:
    spread, wide = np.std(values), np.std(prior)
    return float(1.0 - spread / wide) if wide > 1e-9 * np.max(np.abs(prior)) else np.nan


DIAGNOSTICS = ("r_hat", "ess_bulk", "ess_tail")


def diagnostics(values: np.ndarray) -> dict[str, float]:
    """Rank-normalised split R-hat, bulk and tail effective sample sizes; NaN ('unknown') with fewer than 4 chains.

    Source: Vehtari et al. 2021, Bayesian Analysis 16, 667.
    """
    if values.shape[0] < 4 or values.shape[1] < 8 or np.ptp(values) == 0.0:
        return dict.fromkeys(DIAGNOSTICS, np.nan)
    from arviz_stats.base import array_stats  # it brings scipy.stats, and only finished runs need it

    axes = {"chain_axis": 0, "draw_axis": 1}
    return {
        "r_hat": float(array_stats.rhat(values, **axes)),
        "ess_bulk": float(array_stats.ess(values, method="bulk", **axes)),
        "ess_tail": float(array_stats.ess(values, method="tail", prob=(0.05, 0.95), **axes)),
    }


@partial(jax.jit, static_argnames="name")
def _kappa(posterior: Posterior, name: str, momentum: Array, values: dict[str, Array]) -> Array:
    """κ [draw, energy] [pc² kyr⁻¹] of a medium."""
    return jax.vmap(lambda v: media(posterior.bound(v))[name].kappa(momentum))(values)


class Quoted(NamedTuple):
    """A derived quantity: its values, their unit, the energy pc [GeV] that it is told at."""

    values: np.ndarray
    unit: str
    energy: float


def derived(
    problem: Problem, draws: Draws, energies: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, Quoted]:
    """Derived quantities of draws of any shape, by name.

    κ [cm² s⁻¹] first, then χ = κ/κ₀ against the medium's own κ₀ and against `bc18`.
    Arguments: energies — {component: {name: energy [GeV]}}, by default 10 GeV and 10 TeV.
    """
    shape = next(iter(draws.values())).shape if draws else (1,)
    flat = {path: jnp.asarray(values).reshape(-1) for path, values in draws.items()}
    found: dict[str, Quoted] = {}
    for name, medium in media(problem.scene).items():
        told = dict((energies or {}).get(name, REFERENCE_ENERGIES))
        momentum = jnp.asarray(list(told.values()))
        kappa = _kappa(problem.posterior, name, momentum, flat) if flat else medium.kappa(momentum)
        columns = dict(zip(told.items(), np.moveaxis(np.asarray(kappa).reshape(*shape, -1), -1, 0), strict=True))
        for (at, value), column in columns.items():
            found[f"{name}: kappa({at})"] = Quoted(column * CM2_S_PER_PC2_KYR, "cm2 / s", value)
        references = dict.fromkeys((getattr(medium, "reference", "nava16"), SECOND_REFERENCE, "nava16"))
        for reference in list(references)[:2]:
            for (at, value), column in columns.items():
                level = float(kappa_0(reference, value))
                found[f"{name}: chi({at}; {reference})"] = Quoted(column / level, "", value)
    return found


def status_fractions(status: np.ndarray) -> dict[str, float]:
    """Fraction of draws that carry each status bit."""
    return {bit.name: float(np.mean((status & int(bit)) != 0)) for bit in Status if bit and bit.name}
