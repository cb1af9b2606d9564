"""What a run found, in numbers: a row for each parameter and derived quantity, and how far chains can be trusted."""

from __future__ import annotations

from collections.abc import Mapping

import astropy.table
import jax
import jax.numpy as jnp
import numpy as np

from fitting.problem.problem import Problem, media
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
) -> astropy.table.Table:
    """Table of parameters and derived quantities: mean, sd, quantiles, MAP, R-hat, ESS, shrinkage.

    Undefined diagnostics are NaN and print as 'unknown'. Shrinkage is 1 − sd(posterior)/sd(prior), of the logarithm for
    derived quantities.
    Arguments: draws, prior — {path: [chain, draw]}, {path: [draw]}; best, errors — the MAP and its Laplace errors.
    """
    rows = []
    for path, values in draws.items():
        row = _row(path, str(describe(problem.scene, path).get("unit", "")), values, best[path], sampled)
        rows.append({**row, "map_error": errors.get(path, np.nan), "shrinkage": _shrinkage(values, prior[path])})
    before, at_best = derived(problem, prior), derived(problem, {p: np.array([v]) for p, v in best.items()})
    for name, (values, unit) in derived(problem, draws).items():
        row = _row(name, unit, values, at_best[name][0].item(), sampled)
        shrinkage = _shrinkage(np.log(values), np.log(before[name][0]))
        rows.append({**row, "map_error": np.nan, "shrinkage": shrinkage})
    names = [name for name in rows[0] if name not in DIAGNOSTICS] if rows else []
    order = [*names[: names.index("map") + 1], "map_error", *DIAGNOSTICS, "shrinkage"] if rows else None
    return astropy.table.Table(rows=rows, names=order)


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


def derived(problem: Problem, draws: Draws) -> dict[str, tuple[np.ndarray, str]]:
    """Derived quantities of draws of any shape: {name: (values, unit)}.

    κ at 10 TeV [cm² s⁻¹] first, then χ = κ/κ₀ at 10 GeV and 10 TeV against the medium's own κ₀ and against `bc18`.
    """
    shape = next(iter(draws.values())).shape if draws else (1,)
    flat = {path: jnp.asarray(values).reshape(-1) for path, values in draws.items()}
    momentum = jnp.asarray(list(REFERENCE_ENERGIES.values()))
    found: dict[str, tuple[np.ndarray, str]] = {}
    for name, medium in media(problem.scene).items():
        kappa = (
            np.asarray(jax.vmap(lambda v, name=name: media(problem.posterior.bound(v))[name].kappa(momentum))(flat))
            if flat
            else np.asarray(medium.kappa(momentum))[None]
        )
        kappa = kappa.reshape(*shape, len(REFERENCE_ENERGIES))
        found[f"{name}: kappa(10 TeV)"] = (kappa[..., 1] * CM2_S_PER_PC2_KYR, "cm2 / s")
        references = dict.fromkeys((getattr(medium, "reference", "nava16"), SECOND_REFERENCE, "nava16"))
        for reference in list(references)[:2]:
            level = np.asarray(kappa_0(reference, momentum))
            for i, energy in enumerate(REFERENCE_ENERGIES):
                found[f"{name}: chi({energy}; {reference})"] = (kappa[..., i] / level[i], "")
    return found


def status_fractions(status: np.ndarray) -> dict[str, float]:
    """Fraction of draws that carry each status bit."""
    return {bit.name: float(np.mean((status & int(bit)) != 0)) for bit in Status if bit and bit.name}
