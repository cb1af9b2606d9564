"""Whether the model describes the data: χ², its probability and the limits have to agree."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping

from fitting.report.predictive import Misfit, misfits
from fitting.runs.run import Run
from fitting.words import listed, number

POOR, MARGINAL, TOO_GOOD = 0.01, 0.05, 0.99


class Agreement(enum.Enum):
    """How a table and the model agree."""

    POOR = "The model does not describe {names}."
    MARGINAL = "The model describes {names} only marginally."
    TOO_GOOD = (
        "The model passes too near to the points of {names}: their errors are overestimated, or the points are "
        "correlated."
    )
    UNKNOWN = "Whether the model describes {names} is unknown: there are no more points than they decide parameters."
    LIMITS = "There are only upper limits in {names}: the model agrees with them, which does not show that it is right."
    GOOD = "The model describes {names}."


def agreement(fit: Misfit) -> Agreement:
    """The verdict on one table; the worse of its points and its limits counts."""
    least = min(p for p in (fit.p_value, fit.p_limits, 1.0) if not math.isnan(p))
    if least < POOR:
        return Agreement.POOR
    if least < MARGINAL:
        return Agreement.MARGINAL
    if not fit.points:
        return Agreement.LIMITS
    if math.isnan(fit.p_value):
        return Agreement.UNKNOWN
    return Agreement.TOO_GOOD if fit.p_value > TOO_GOOD or fit.p_best > TOO_GOOD else Agreement.GOOD


def fit_words(run: Run, trusted: bool) -> str:
    """χ² and limits of each table, and whether the model describes it.

    Arguments: trusted — whether the draws stand for the posterior: else the MAP alone is judged.
    """
    found, kind = misfits(run), "posterior-predictive p"
    if not trusted:
        found, kind = {name: fit.at_best() for name, fit in found.items()}, "p at the MAP"
    told = "; ".join(_one(name, fit, kind) for name, fit in found.items())
    judged = _judged({name: agreement(fit) for name, fit in found.items()})
    return " ".join([f"Fit at the MAP, {len(run.draws)} free parameters: {told}.", *judged])


def _one(name: str, fit: Misfit, kind: str) -> str:
    parts = [f"χ² = {fit.chi_squared:.1f} for {fit.points} points, {kind} = {number(fit.p_value, 2)}"]
    parts = parts if fit.points else []
    if fit.limits:
        above = "none" if fit.exceeded == 0 else str(fit.exceeded)
        limits = f"{above} of {fit.limits} upper limit{'s' * (fit.limits > 1)} exceeded"
        odds = f", p = {number(fit.p_limits, 2)}" if fit.exceeded else ""
        parts.append(f"{limits} ({number(fit.expected, 2)} expected{odds})")
    return f"{name}: {', '.join(parts)}"


def _judged(found: Mapping[str, Agreement]) -> list[str]:
    """A sentence for each kind of agreement that occurs."""
    sentences = []
    for kind in Agreement:
        names = [name for name, agreed in found.items() if agreed is kind]
        if names:
            all_well = kind is Agreement.GOOD and len(names) == len(found)
            sentences.append(kind.value.format(names="the data" if all_well else listed(names)))
    return sentences
