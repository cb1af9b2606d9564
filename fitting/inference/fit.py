"""One call from a problem to a Run: MAP with Laplace errors, then NUTS."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fitting.cases.case import case_files
from fitting.cases.folder import held, refuse_replacing
from fitting.inference.checks import check_data, check_seed, settings_of
from fitting.inference.maximum import PRIOR_DRAWS, Map, find_map
from fitting.inference.nuts import Chains, Settings, run_chains
from fitting.inference.whitening import Whitening, whitening
from fitting.problem.posterior import Posterior
from fitting.problem.problem import Problem
from fitting.runs.run import Run, versions
from fitting.runs.stored import REPORT_FILES, RUN_FILE
from fitting.runs.summary import status_fractions
from fitting.runs.used import hadronic_words, nuclear_words
from fitting.words import Caution

LAPLACE_DRAWS, DROPS = 2000, 400

Progress = Callable[[str, int, int, int], None]


class UnsavedError(OSError):
    """A fit that is done but could not be saved: `run` holds its draws."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


def fit(
    problem: Problem,
    method: str = "nuts",
    seed: int = 0,
    progress: Progress | None = None,
    folder: str | Path | None = None,
    overwrite: bool = False,
    **sampling: Any,
) -> Run:
    """Infer a problem's free parameters.

    Arguments: method — "nuts" (MAP first, then NUTS from its Laplace approximation) or "map" (Gaussian draws around
    the mode); seed; progress — called with (stage, done, in all, divergences); folder — where the run is saved after
    each chunk of draws, so that a fit that is killed can be loaded up to there; overwrite — replace a run that the
    folder holds; sampling — fields of `Settings`: chains, warmup, draws, target_accept, chunk, max_tree_depth.
    Errors: ValueError, before anything is drawn, for an unknown method or setting, tables that hold no data, or what
    cannot be saved into the folder; UnsavedError (an OSError), with the run, where the disk was full at the end.
    """
    sampler = _sampler(method)
    settings = settings_of({**problem.sampling, **sampling}, len(problem.paths))
    check_data(problem)
    check_seed(seed)
    if folder is None:
        return _fit(problem, method, sampler, seed, progress, settings, None)
    with held(Path(folder)) as place:
        refuse_replacing(place, {**case_files(problem), RUN_FILE: None}, overwrite)
        run = _fit(problem, method, sampler, seed, progress, settings, lambda run: _keep(run, place))
        try:
            run.save(place, overwrite=True, stale=REPORT_FILES)
        except OSError as error:
            words = f"cannot write into {place} ({error.strerror or error}), so that the draws are in memory alone"
            raise UnsavedError(words, run) from None
        return run


def _keep(run: Run, folder: Path) -> None:
    """Save what has been drawn so far; a full disk may have room again after the next chunk."""
    try:
        run.save(folder, overwrite=True, stale=REPORT_FILES)
    except OSError as error:
        words = f"cannot write into {folder} ({error.strerror or error}): sampling goes on"
        warnings.warn(words, Caution, stacklevel=2)


def _fit(
    problem: Problem,
    method: str,
    sampler: Sampler,
    seed: int,
    progress: Progress | None,
    settings: Settings,
    keep: Callable[[Run], None] | None,
) -> Run:
    report = progress or (lambda stage, done, total, divergences: None)
    nuts_key, prior_key = jax.random.split(jax.random.key(seed))
    begun = time.perf_counter()
    report("MAP", 0, 1, 0)
    best = find_map(problem, seed)
    report("MAP", 1, 1, 0)
    mapped = time.perf_counter()
    whitened = whitening(problem, best.optima, seed)
    prior = {path: np.asarray(v) for path, v in problem.sample_prior(prior_key, PRIOR_DRAWS).items()}

    def found(chains: Chains) -> Run:
        about = {"method": method, "how": sampler.words, "sampled": sampler.chains}
        about |= _about(problem, seed, settings, best, chains)
        about |= {"seconds_map": mapped - begun, "seconds_draws": time.perf_counter() - mapped}
        run = Run(problem, chains.draws, prior, chains.stats, best.values, best.errors, about)
        status = np.asarray(problem.predict_many(run.thinned()).status)
        return replace(run, about={**about, "status": status_fractions(status)})

    def kept(chains: Chains) -> None:
        if keep is not None:
            keep(found(chains))

    drawn = partial(report, method.upper())
    return found(sampler.draw(problem, whitened, nuts_key, settings, drawn, kept))


def _sampler(method: str) -> Sampler:
    if method not in SAMPLERS:
        raise ValueError(f"unknown method '{method}': use {' or '.join(SAMPLERS)}")
    return SAMPLERS[method]


def _laplace_draws(
    problem: Problem, whitened: Whitening, key: jax.Array, settings: Settings, progress: Any, keep: Any
) -> Chains:
    """Gaussian draws around the mode in whitened coordinates, mapped to the parameters."""
    u = jax.random.normal(key, (LAPLACE_DRAWS, whitened.centre.size))
    vectors = jax.vmap(whitened)(u)
    draws = jax.vmap(problem.posterior.constrain)(vectors)
    found = {path: np.asarray(v)[None] for path, v in draws.items()}
    return Chains(found, {}, True, _drops(problem.posterior, vectors, whitened.centre, u))


def _drops(posterior: Posterior, vectors: jax.Array, centre: jax.Array, u: jax.Array) -> dict[str, float]:
    """Medians over draws: how far ln p (per unit of the unbounded space) lies below that of the centre, and how far it
    would if the density were the Gaussian.
    """
    heights = np.asarray(_potentials(posterior, jnp.concatenate([centre[None], vectors[:DROPS]])))
    right = 0.5 * np.sum(np.asarray(u[:DROPS]) ** 2, axis=1)
    return {"drop": float(np.median(heights[1:] - heights[0])), "drop_expected": float(np.median(right))}


@jax.jit
def _potentials(posterior: Posterior, vectors: jax.Array) -> jax.Array:
    return jax.lax.map(posterior.potential, vectors)


@dataclass(frozen=True)
class Sampler:
    """A way to draw from a posterior: how, in words, and whether its draws are Markov chains with diagnostics.

    draw — called with the problem, its whitened coordinates, a key, the settings, and two calls: progress with (done,
    in all, divergences), and keep with the chains so far.
    """

    draw: Callable[[Problem, Whitening, jax.Array, Settings, Any, Any], Chains]
    words: str
    chains: bool


SAMPLERS = {
    "nuts": Sampler(run_chains, "NUTS, started from the MAP", True),
    "map": Sampler(_laplace_draws, "MAP and Gaussian draws around it", False),
}
"""What `fit` may be asked for; a new sampler is one row."""


def _about(problem: Problem, seed: int, settings: Settings, best: Map, chains: Chains) -> dict[str, Any]:
    device = jax.local_devices()[0]
    about: dict[str, Any] = {
        "seed": seed,
        "complete": chains.complete,
        "map_converged": best.converged,
        "log_density": best.log_density,
        "device": f"{device.platform} ({device.device_kind}) x {jax.local_device_count()}",
        "versions": versions(),
        "hadronic": hadronic_words(problem, best.values),
        "nuclear": nuclear_words(problem),
        **chains.about,
    }
    if chains.stats:
        about["sampling"] = settings.__dict__.copy()
        about["divergences"] = int(chains.stats["diverging"].sum())
        about["draws"] = int(chains.stats["diverging"].size)
        about["steps_per_draw"] = float(chains.stats["num_steps"].mean())
    return about
