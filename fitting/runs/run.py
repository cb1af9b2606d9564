"""A finished fit: draws, statistics and where they come from; saved as netCDF in ArviZ's schema, and reloaded."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.table
import jax.numpy as jnp
import numpy as np
from jax import Array

from fitting.cases.case import case_files, load
from fitting.cases.folder import held, publish, refuse_replacing
from fitting.problem.pivots import pivots
from fitting.problem.problem import Problem
from fitting.runs.stored import FILES, RUN_FILE, RunError, check_bound, pack, unpack
from fitting.runs.summary import Draws, summarise
from fitting.runs.views import VIEWS
from fitting.words import Caution

if TYPE_CHECKING:
    import xarray as xr

PACKAGES = ("jaxcrc", "jax", "jaxlib", "numpyro", "equinox", "optax", "numpy", "astropy")


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

    def __repr__(self) -> str:
        """What was fitted, how, and how much was drawn."""
        chains, draws = next(iter(self.draws.values())).shape if self.draws else (0, 0)
        simulated = " (SIMULATED)" if self.problem.simulated else ""
        drawn = f"{self.about['method']}, {chains} x {draws} draws, {len(self.draws)} free parameters"
        tables = ", ".join(self.problem.tables)
        return f"Run of '{self.problem.title or 'untitled'}'{simulated}: {drawn}, tables {tables}; see summary()"

    @property
    def sampled(self) -> bool:
        """Whether the draws are a Markov chain's (else Gaussian draws around the MAP)."""
        return bool(self.about.get("sampled", self.about["method"] == "nuts"))

    def flat(self) -> Draws:
        """{path: [draw]} with the chains joined."""
        return {path: values.reshape(-1) for path, values in self.draws.items()}

    def best_arrays(self) -> dict[str, Array]:
        """The MAP as a scene takes it."""
        return {path: jnp.asarray(value) for path, value in self.best.items()}

    def thinned(self, size: int = 400) -> Draws:
        """`size` evenly spaced joined draws, or all where there are fewer."""
        flat = self.flat()
        total = next(iter(flat.values())).size
        keep = np.linspace(0, total - 1, min(size, total)).astype(int)
        return {path: values[keep] for path, values in flat.items()}

    def summary(self, energies: Sequence[str | float] = ()) -> astropy.table.Table:
        """Table of parameters and derived quantities: mean, sd, quantiles, MAP, R-hat, ESS, shrinkage.

        κ and χ are quoted where the measured light comes from, at 10 GeV and 10 TeV, and where the case asks for it.
        Arguments: energies — further ones, as texts such as "100 TeV" or numbers [GeV]. Errors: ValueError.
        """
        asked = pivots([*self.problem.report.get("energies", []), *energies])
        table = summarise(self.problem, self.draws, self.prior, self.best, self.best_errors, self.sampled, asked)
        table.meta.update({"title": self.problem.title, "simulated": self.problem.simulated, **_plain(self.about)})
        return table

    def plot_profile(self, *arguments: Any, **options: Any) -> Any:
        """Radial profile with the posterior band: `fitting.plot_profile` of this run."""
        return VIEWS["plot_profile"](self, *arguments, **options)

    def plot_spectrum(self, *arguments: Any, **options: Any) -> Any:
        """Spectrum with the posterior band: `fitting.plot_spectrum` of this run."""
        return VIEWS["plot_spectrum"](self, *arguments, **options)

    def plot_density(self, *arguments: Any, **options: Any) -> Any:
        """CR energy density against the distance from the source: `fitting.plot_density` of this run."""
        return VIEWS["plot_density"](self, *arguments, **options)

    def plot_corner(self, *arguments: Any, **options: Any) -> Any:
        """Corner plot of the free parameters: `fitting.plot_corner` of this run."""
        return VIEWS["plot_corner"](self, *arguments, **options)

    def report(self, folder: str | Path) -> Path:
        """Write summary.ecsv, figures and a self-contained report.html: `fitting.write_report` of this run."""
        return Path(VIEWS["report"](self, folder))

    def save(self, folder: str | Path, overwrite: bool = False, stale: Iterable[str] = ()) -> Path:
        """Write the case, its tables and `run.nc` into a folder, all of them or none; the folder.

        Checksums in `run.nc` bind them together. Arguments: overwrite — replace what the folder holds; stale — names
        of files there that go when these come, such as the report of another run. Errors: CaseError when the folder
        holds one of them already and `overwrite` is False, or another process writes there; PriorError, CaseError for
        what no case can say; OSError where nothing could be written, and all is as it was.
        """
        folder = Path(folder)
        with held(folder):
            files = case_files(self.problem)
            refuse_replacing(folder, dict.fromkeys([*files, RUN_FILE]), overwrite)
            publish(folder, {**files, RUN_FILE: pack(self.to_datatree(), files)}, stale)
        return folder

    @staticmethod
    def load(folder: str | Path) -> Run:
        """The Run that `save` wrote.

        A run of version 0.1, which bears no checksums, comes with a warning. Errors: FileNotFoundError where there is
        none; RunError (a ValueError) where it is damaged, or its case or a table is not the one it was fitted to.
        """
        folder = Path(folder)
        path = folder / RUN_FILE
        if not path.is_file():
            raise FileNotFoundError(f"{folder} holds no {RUN_FILE}: give the folder that a fit wrote with --out")
        stored = unpack(path)
        check_bound(folder, stored)
        if not stored.sealed:
            words = f"{path} bears no checksums: whether its case and tables are still the same is not known"
            warnings.warn(words, Caution, stacklevel=2)
        problem = load(folder)
        posterior, prior, stats = (stored.groups[name] for name in ("posterior", "prior", "sample_stats"))
        if posterior.keys() != set(problem.paths):
            raise RunError(f"{path} has draws of other parameters than those that its case leaves free: fit again")
        about = {key: value for key, value in stored.about.items() if key != FILES}
        best, errors = about.pop("best"), about.pop("best_errors")
        errors = {path: np.nan if value is None else value for path, value in errors.items()}
        return Run(problem, posterior, {path: v[0] for path, v in prior.items()}, stats, best, errors, about)

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


def _dataset(values: Draws) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset({name: (("chain", "draw"), array) for name, array in values.items()})


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    """Values that JSON can hold: NaN becomes null."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in about.items()}


def versions() -> dict[str, str]:
    """Versions of what made the numbers."""
    return {name: version(name) for name in PACKAGES}
