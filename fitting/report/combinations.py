"""Combinations of parameters that data know better than the parameters themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fitting.runs.run import Run
from fitting.words import number

DECIDED = 0.5  # a direction counts as decided by the data below this ratio of posterior to prior sd
CLOSE = 1.15  # how much wider, in units of the prior, than the exact direction its rounded form may be
MOST = 2


@dataclass(frozen=True)
class Combination:
    """Σ weight · parameter: {path: weight}, its sd in posterior and prior, and the least sd ratio of its members."""

    weights: dict[str, float]
    sd: float
    prior_sd: float
    alone: float

    @property
    def ratio(self) -> float:
        """Posterior to prior sd."""
        return self.sd / self.prior_sd


def combine(run: Run, weights: Mapping[str, float]) -> Combination:
    """The combination with these weights, over the posterior and the prior."""
    flat = run.flat()
    posterior = sum(weight * flat[path] for path, weight in weights.items())
    prior = sum(weight * run.prior[path] for path, weight in weights.items())
    alone = min(float(np.std(flat[path]) / np.std(run.prior[path])) for path in weights)
    return Combination(dict(weights), float(np.std(posterior)), float(np.std(prior)), alone)


def best_combinations(run: Run) -> tuple[list[Combination], int]:
    """The combinations that shrink most from prior to posterior, and how many directions are decided by the data.

    Eigenvectors of the posterior covariance in units of the prior's sd; each is shortened to its leading terms as long
    as that leaves it within 15 % of its ratio, and scaled so that the largest weight is 1.
    """
    flat = run.flat()
    paths = [path for path in run.problem.paths if np.std(run.prior[path]) > 0.0]
    width = np.array([np.std(run.prior[path]) for path in paths])
    covariance = np.atleast_2d(np.cov(np.stack([flat[path] for path in paths]) / width[:, None]))
    values, vectors = np.linalg.eigh(covariance)
    decided = int(np.sum(values < DECIDED**2))
    return [_shortened(run, paths, vectors[:, k] / width, vectors[:, k]) for k in range(min(decided, MOST))], decided


def _shortened(run: Run, paths: list[str], weight: np.ndarray, standard: np.ndarray) -> Combination:
    """The leading terms of a direction, largest in units of the prior first."""
    order = np.argsort(-np.abs(standard))
    scale = weight[order[0]]
    exact = combine(run, {path: float(w / scale) for path, w in zip(paths, weight, strict=True)})
    for size in range(1, len(paths) + 1):
        kept = {paths[i]: float(f"{weight[i] / scale:.2g}") for i in order[:size]}
        found = combine(run, kept)
        if found.ratio <= CLOSE * exact.ratio:
            return found
    return exact


def say(combination: Combination, names: Mapping[str, str]) -> str:
    """The combination in words, against the prior's width and against its members."""
    terms = ""
    for path, weight in combination.weights.items():
        size = "" if abs(abs(weight) - 1.0) < 0.005 else f"{abs(weight):.2g} "
        sign = "−" if weight < 0.0 else "+"
        terms += f" {sign} {size}{names[path]}" if terms else f"{'−' if weight < 0.0 else ''}{size}{names[path]}"
    better = ", far better than any of them alone" if 2.0 * combination.ratio < combination.alone else ""
    return f"{terms} is known to ±{number(combination.sd, 2)} (prior ±{number(combination.prior_sd, 2)}){better}"
