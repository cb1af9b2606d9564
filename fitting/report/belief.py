"""Whether the draws of a run stand for the posterior."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fitting.runs.labels import symbols
from fitting.runs.run import Run
from fitting.words import percent

LARGEST_R_HAT = 1.01
SMALLEST_ESS = 400.0
MOST_DIVERGENCES = 0.001

Rows = Mapping[str, Any]


class Belief(NamedTuple):
    """Whether draws stand for the posterior, in words; and how certain something is that 95 % of them show.

    short — what to say beside a number of this run; empty where nothing has to be said.
    """

    stands: bool
    words: str
    short: str
    sure: str


def weigh(run: Run, rows: Rows) -> Belief:
    """Whether to believe the draws. Arguments: rows — of `run.summary()`, by parameter."""
    return _chains(run, rows) if run.sampled else _gaussian(run)


def _gaussian(run: Run) -> Belief:
    """Draws around the MAP: how far the density is from the Gaussian that they come from."""
    words = (
        "The chains: there are none. This is a Gaussian approximation around the most probable parameters (MAP), not "
        "the posterior; R-hat and effective sample sizes are unknown."
    )
    drop, expected = (float(run.about.get(key, math.nan)) for key in ("drop", "drop_expected"))
    stands, near = is_gaussian(drop, expected), ""
    if math.isnan(drop):
        words += " How near the density is to that Gaussian is unknown; method 'nuts' samples the posterior itself."
    elif stands:
        words += (
            f" Its draws lie {drop:.1f} in ln p below the centre in the middle, {expected:.1f} being right for a "
            "Gaussian: method 'nuts' will find something near."
        )
    else:
        near = ", and the density is not Gaussian"
        words += (
            f" The density is not Gaussian: the draws lie {drop:.1f} in ln p below the centre in the middle, where "
            f"{expected:.1f} would be right. Their medians, intervals and bands are not those of the posterior: use "
            "method 'nuts'; of this run, only the MAP can be read."
        )
    words += _search(run)
    if not any(math.isfinite(error) for error in run.best_errors.values()):
        words += " The density has no maximum inside the priors, so the errors at the MAP are unknown."
    return Belief(
        stands,
        words,
        f"a Gaussian around the MAP, no posterior{near}",
        "holds for 95 % of the Gaussian draws" + (", which are not the posterior," if near else ""),
    )


def is_gaussian(drop: float, expected: float) -> bool:
    """Whether the middle drop of ln p from the centre to Gaussian draws is what a Gaussian has, within a half of it."""
    return abs(drop - expected) <= 0.5 * expected


def _search(run: Run) -> str:
    return " The search for the MAP did not converge." if run.about.get("map_converged") is False else ""


def _chains(run: Run, rows: Rows) -> Belief:
    """Markov chains: R-hat, effective sample sizes and divergences, the worst parameter of each."""
    names = symbols(run.problem)
    r_hat, bulk = Extreme.of(rows, names, "r_hat", max), Extreme.of(rows, names, "ess_bulk", min)
    tail = Extreme.of(rows, names, "ess_tail", min)
    count, draws = run.about.get("divergences"), run.about.get("draws")
    facts = [f"R-hat at most {r_hat.words('.3f')}", f"effective sample size at least {bulk.words('.0f')} in the bulk"]
    facts += [f"{tail.words('.0f')} in the tails", _divergences(count, draws)]
    faults = []
    if r_hat.value > LARGEST_R_HAT:
        faults.append(f"R-hat should be below {LARGEST_R_HAT}: the chains have not met; draw more, or warm up longer")
    if bulk.value < SMALLEST_ESS or tail.value < SMALLEST_ESS:
        faults.append(f"effective sample sizes should reach {SMALLEST_ESS:.0f}: draw more")
    if count is not None and draws and count > MOST_DIVERGENCES * draws:
        faults.append(
            "divergences should stay below 0.1 %: raise target_accept, or look for a funnel in the corner plot"
        )
    known = r_hat.known and bulk.known and tail.known and count is not None
    head = "The chains can be believed"
    if faults:
        head = "The chains cannot be believed yet"
    elif not known:
        head = "Whether the chains can be believed is unknown (fewer than four chains, or a parameter that never moves)"
    cut = "" if run.about.get("complete", True) else " Sampling was interrupted: these are the draws made until then."
    if run.about.get("map_converged") is False:
        cut += f"{_search(run)[:-1]}: read medians, not the MAP."
    words = f"{head}: {', '.join(facts)}.{''.join(f' {fault[0].upper()}{fault[1:]}.' for fault in faults)}{cut}"
    doubt = f"{head[0].lower()}{head[1:]}: {', '.join(facts)}" if faults or not known else ""
    sure = "is established at 95 %" if not doubt else "holds for 95 % of draws that cannot be believed yet,"
    return Belief(not faults, words, doubt, sure)


class Extreme(NamedTuple):
    """The worst value of a diagnostic, NaN where it is defined for no parameter, and that parameter's name.

    known — whether it is defined for all.
    """

    value: float
    name: str
    known: bool

    @classmethod
    def of(cls, rows: Rows, names: Mapping[str, str], column: str, worst: Callable[..., Any]) -> Extreme:
        """Over all free parameters."""
        values = [(float(rows[path][column]), name) for path, name in names.items()]
        defined = [pair for pair in values if not math.isnan(pair[0])]
        value, name = worst(defined) if defined else (math.nan, "")
        return cls(value, name, len(defined) == len(values))

    def words(self, form: str) -> str:
        """Value and parameter, and whether it is unknown for others."""
        if math.isnan(self.value):
            return "unknown"
        return f"{self.value:{form}} ({self.name}{'' if self.known else '; unknown for others'})"


def _divergences(count: int | None, draws: int | None) -> str:
    if count is None or not draws:
        return "divergences unknown"
    return f"{count} divergences in {draws} draws ({percent(count / draws)})"
