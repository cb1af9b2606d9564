"""A finished fit: draws, statistics and where they come from; saved as netCDF in ArviZ's schema, and reloaded."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.table
import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np

from fitting.cases.case import load, write_case
from fitting.problem.problem import Problem, media
from jaxcrc.medium.diffusion import kappa_0
from jaxcrc.scene import describe
from jaxcrc.transport.base import Status
from jaxcrc.units import CM2_S_PER_PC2_KYR

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUN_FILE = "run.nc"
QUANTILES = (0.025, 0.16, 0.5, 0.84, 0.975)
REFERENCE_ENERGIES = {"10 GeV": 10.0, "10 TeV": 1.0e4}
SECOND_REFERENCE = "bc18"
PACKAGES = ("jaxcrc", "jax", "jaxlib", "numpyro", "equinox", "optax", "numpy", "astropy")

Draws = dict[str, np.ndarray]


@dataclass(frozen=True)
class Run:
    """What a fit found.

    draws, prior — {path: [chain, draw]} of the posterior, {path: [draw]} of the prior; stats — {name: [chain, draw]};
    best — the MAP {path: value} and its Laplace errors (NaN where the density has no inner maximum);
    about — method, seed, versions, device, seconds, fraction of draws with each status bit.
    """

    problem: Problem
    draws: Draws
    prior: Draws
    stats: Draws
    best: dict[str, float]
    best_errors: dict[str, float]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def sampled(self) -> bool:
        """Whether the draws are a Markov chain's (else Gaussian draws around the MAP)."""
        return self.about["method"] == "nuts"

    def flat(self) -> Draws:
        """{path: [draw]} with the chains joined."""
        return {path: values.reshape(-1) for path, values in self.draws.items()}

    def thinned(self, size: int = 400) -> Draws:
        """`size` evenly spaced joined draws, or all where there are fewer."""
        flat = self.flat()
        total = next(iter(flat.values())).size
        keep = np.linspace(0, total - 1, min(size, total)).astype(int)
        return {path: values[keep] for path, values in flat.items()}

    def summary(self) -> astropy.table.Table:
        """Table of parameters and derived quantities: mean, sd, quantiles, MAP, R-hat, ESS, shrinkage.

        Undefined diagnostics are NaN and print as 'unknown'. Shrinkage is 1 − sd(posterior)/sd(prior), of the
        logarithm for derived quantities.
        """
        rows = [
            self._row(path, unit_text(describe(self.problem.scene, path)), self.draws[path], self.prior[path])
            for path in self.draws
        ]
        prior, best = (
            derived(self.problem, self.prior),
            derived(self.problem, {p: np.array([v]) for p, v in self.best.items()}),
        )
        for name, (values, unit) in derived(self.problem, self.draws).items():
            rows.append(self._row(name, unit, values, prior[name][0], best[name][0].item(), logarithmic=True))
        table = astropy.table.Table(rows=rows)
        table.meta.update({"title": self.problem.title, "simulated": self.problem.simulated, **_plain(self.about)})
        return table

    def _row(
        self,
        name: str,
        unit: str,
        values: np.ndarray,
        prior: np.ndarray,
        best: float | None = None,
        logarithmic: bool = False,
    ) -> dict[str, Any]:
        scale = np.log if logarithmic else np.asarray
        spread, wide = np.std(scale(values)), np.std(scale(prior))
        row = {"parameter": name, "unit": unit, "mean": float(np.mean(values)), "sd": float(np.std(values))}
        row |= {f"q{100 * q:g}": float(np.quantile(values, q)) for q in QUANTILES}
        row["map"] = self.best[name] if best is None else best
        row["map_error"] = self.best_errors.get(name, np.nan)
        row |= diagnostics(values) if self.sampled else dict.fromkeys(("r_hat", "ess_bulk", "ess_tail"), np.nan)
        return {
            **row,
            "shrinkage": float(1.0 - spread / wide) if wide > 1e-9 * np.max(np.abs(scale(prior))) else np.nan,
        }

    def plot_profile(self, table: str | None = None, ax: Axes | None = None) -> Axes:
        """Radial profile with the posterior band: all tables with annuli, or the one named."""
        from fitting.report import write as report

        return report.plot_profile(self, table, ax)

    def plot_spectrum(self, table: str | None = None, ax: Axes | None = None) -> Axes:
        """Spectrum with the posterior band: all tables without annuli, or the one named."""
        from fitting.report import write as report

        return report.plot_spectrum(self, table, ax)

    def plot_density(self, ax: Axes | None = None) -> Axes:
        """CR energy density against distance from the source, with its band."""
        from fitting.report import write as report

        return report.plot_density(self, ax)

    def plot_corner(self, paths: tuple[str, ...] | None = None) -> Figure:
        """Corner plot of the free parameters (or some of them)."""
        from fitting.report import write as report

        return report.plot_corner(self, paths)

    def report(self, folder: str | Path) -> Path:
        """Write summary.ecsv, figures and a self-contained report.html; the path of the page."""
        from fitting.report import write as report

        return report.write(self, folder)

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write the case, its tables and `run.nc` into a folder; the folder.

        Errors: CaseError when the folder holds a case already and `overwrite` is False.
        """
        folder = Path(folder)
        write_case(self.problem, folder, overwrite=overwrite)
        part = folder / f".{RUN_FILE}.part"
        self.to_datatree().to_netcdf(part, engine="h5netcdf")
        os.replace(part, folder / RUN_FILE)
        return folder

    @staticmethod
    def load(folder: str | Path) -> Run:
        """The Run that `save` wrote. Errors: FileNotFoundError naming the file that is missing."""
        folder = Path(folder)
        if not (folder / RUN_FILE).is_file():
            raise FileNotFoundError(f"{folder} holds no {RUN_FILE}: give the folder that a fit wrote with --out")
        import xarray as xr  # takes a second to import, and only saved runs need it

        with xr.open_datatree(folder / RUN_FILE, engine="h5netcdf") as tree:
            about = json.loads(tree.attrs["about"])
            groups = {
                name: {str(k): v.values for k, v in tree[name].data_vars.items()}
                for name in ("posterior", "sample_stats", "prior")
            }
        prior = {path: values[0] for path, values in groups["prior"].items()}
        best, errors = about.pop("best"), about.pop("best_errors")
        errors = {path: np.nan if value is None else value for path, value in errors.items()}
        return Run(load(folder), groups["posterior"], prior, groups["sample_stats"], best, errors, about)

    def to_datatree(self) -> xr.DataTree:
        """The run as xarray groups posterior, prior, sample_stats and observed_data, as ArviZ names them."""
        import xarray as xr

        observed = {}
        for name, table in self.problem.tables.items():
            dims = (f"{name}_energy", f"{name}_bin")
            observed[name] = xr.DataArray(table.value, dims=dims, attrs={"unit": str(table.unit), "kind": table.kind})
        about = {**_plain(self.about), "best": self.best, "best_errors": _plain(self.best_errors)}
        prior = {path: values[None] for path, values in self.prior.items()}
        groups = {
            "/": xr.Dataset(attrs={"about": json.dumps(about), "title": self.problem.title}),
            "posterior": _dataset(self.draws),
            "prior": _dataset(prior),
            "sample_stats": _dataset(self.stats),
            "observed_data": xr.Dataset(observed),
        }
        return xr.DataTree.from_dict(groups)


def unit_text(about: Mapping[str, Any]) -> str:
    """The unit of a parameter, as text."""
    return str(about.get("unit", ""))


def _dataset(values: Draws) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset({name: (("chain", "draw"), array) for name, array in values.items()})


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    """Values that JSON can hold: NaN becomes null."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in about.items()}


def diagnostics(values: np.ndarray) -> dict[str, float]:
    """Rank-normalised split R-hat, bulk and tail effective sample sizes; NaN ('unknown') with fewer than 4 chains.

    Source: Vehtari et al. 2021, Bayesian Analysis 16, 667.
    """
    if values.shape[0] < 4 or values.shape[1] < 8 or np.ptp(values) == 0.0:
        return dict.fromkeys(("r_hat", "ess_bulk", "ess_tail"), np.nan)
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


def versions() -> dict[str, str]:
    """Versions of what made the numbers."""
    return {name: version(name) for name in PACKAGES}


def as_unit(text: str) -> u.UnitBase:
    """The astropy unit of a parameter's unit text; dimensionless where it is only a word."""
    return u.Unit(text, parse_strict="silent")
