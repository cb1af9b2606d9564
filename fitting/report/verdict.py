"""What the data say, in words."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fitting.problem.priors import bounds
from fitting.problem.problem import media
from fitting.report.agreement import fit_words
from fitting.report.belief import weigh
from fitting.report.combinations import Combination, best_combinations, combine, say
from fitting.report.diffusion import diffusion
from fitting.report.predictive import truth_of
from fitting.runs.labels import symbols
from fitting.runs.run import Run
from fitting.words import MINUS, listed, number, percent
from jaxcrc.transport.base import ADVICE, Status

if TYPE_CHECKING:
    import astropy.table

FROM_PRIOR, FROM_DATA = 0.2, 0.5
STRONG = 0.7
MOST_PAIRS = 3

Rows = Mapping[str, Any]


def verdict(run: Run, summary: astropy.table.Table | None = None) -> list[str]:
    """Paragraphs in plain words: whether to believe the chains, the result, what decided it, how well the model fits.

    Arguments: summary — `run.summary()` where it is at hand already.
    """
    table = run.summary() if summary is None else summary
    rows = {str(row["parameter"]): row for row in table}
    belief = weigh(run, rows)
    paragraphs = [
        belief.words,
        _edge(run, belief.stands),
        *(diffusion(run, rows, table.meta, name, belief.sure) for name in media(run.problem.scene)),
        _decided(run, rows),
        _pairs(run),
        _constrained(run),
        fit_words(run, belief.stands),
        _validity(run),
        _recovery(run, rows),
    ]
    return [text for text in paragraphs if text]


def _edge(run: Run, stands: bool) -> str:
    """Which priors stop the MAP. Arguments: stands — whether the draws can be read instead."""
    names = symbols(run.problem)
    edges = {path: bounds(run.problem.priors[path].distribution) for path in names}
    held = [f"{names[path]} = {number(run.best[path])}" for path in names if run.best[path] in edges[path]]
    if not held:
        return ""
    return (
        f"The MAP lies at the edge of the priors: {listed(held)}. The density still rises there, and what the MAP "
        f"says of the parameters that trade against these means little{': read medians and intervals' * stands}."
    )


def _decided(run: Run, rows: Rows) -> str:
    """Which parameters the data decided, and which the priors did."""
    shrinkage = {name: float(rows[path]["shrinkage"]) for path, name in symbols(run.problem).items()}
    data = [name for name, value in shrinkage.items() if value > FROM_DATA]
    prior = [name for name, value in shrinkage.items() if value < FROM_PRIOR]
    both = [name for name, value in shrinkage.items() if FROM_PRIOR <= value <= FROM_DATA]
    parts = []
    if data:
        parts.append(f"The data decided {listed(data)} (draws narrower than half the prior).")
    if both:
        parts.append(f"Data and prior together decided {listed(both)}.")
    if prior:
        parts.append(f"Decided by the prior: {listed(prior)}; read these as assumptions, not as results.")
    return " ".join(parts)


def _pairs(run: Run) -> str:
    """Pairs of parameters that trade against each other."""
    names, flat = symbols(run.problem), run.flat()
    moving = [path for path in names if np.std(flat[path]) > 0.0]
    found = []
    for one, two in itertools.combinations(moving, 2):
        correlation = float(np.corrcoef(flat[one], flat[two])[0, 1])
        if abs(correlation) > STRONG:
            found.append((abs(correlation), correlation, one, two))
    texts = []
    for _, correlation, one, two in sorted(found, reverse=True)[:MOST_PAIRS]:
        way = "one can rise with the other" if correlation > 0.0 else "one can rise as the other falls"
        slope = -correlation * np.std(flat[one]) / np.std(flat[two])
        known = combine(run, {one: 1.0, two: float(slope)})
        texts.append(f"{names[one]} and {names[two]} (ρ = {_signed(correlation)}: {way}; {say(known, names)})")
    if not texts:
        return ""
    more = f", and {len(found) - MOST_PAIRS} more pairs" if len(found) > MOST_PAIRS else ""
    return f"Strongly correlated: {'; '.join(texts)}{more}."


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", MINUS)


def _constrained(run: Run) -> str:
    """The combinations of parameters that the data know best."""
    combinations, directions = best_combinations(run)
    if not directions:
        return "No direction in the space of the parameters is narrower than half its prior: the data say little."
    names = symbols(run.problem)
    count = f"{directions} of {len(names)} directions in the space of the parameters are decided by the data"
    several: list[Combination] = [c for c in combinations if len(c.weights) > 1]
    if not several:
        return f"What the data constrain: {count}, each along a parameter of its own."
    return f"What the data constrain: {count}. Best known: {'; '.join(say(c, names) for c in several)}."


def _validity(run: Run) -> str:
    """How many draws lie where the model is not valid."""
    status = run.about.get("status")
    if status is None:
        return "Whether draws lie outside the validity of the model is unknown."
    hit = {name: share for name, share in status.items() if share > 0.0}
    if not hit:
        return "Validity: no draw lies outside the validity of the model."
    texts = [f"{percent(share)} of the draws: {ADVICE.get(Status[name], name)}" for name, share in hit.items()]
    return f"Validity: {'; '.join(texts)}. Such draws are counted, not removed."


def _recovery(run: Run, rows: Rows) -> str:
    """For simulated data: does each 95 % interval hold the truth?"""
    truth = truth_of(run.problem)
    names = {path: name for path, name in symbols(run.problem).items() if path in truth}
    if not run.problem.simulated:
        return ""
    if not names:
        return "The data are SIMULATED; the truth is not on record."
    inside: list[str] = []
    outside: list[str] = []
    for path, name in names.items():
        row = rows[path]
        within = float(row["q2.5"]) <= truth[path] <= float(row["q97.5"])
        (inside if within else outside).append(f"{name} = {number(truth[path])}")
    text = f"The data are SIMULATED, and the truth is known: {len(inside)} of {len(names)} lie in their 95 % intervals"
    text += f" ({listed(inside)})." if inside else "."
    return f"{text} Outside: {listed(outside)}." if outside else text
