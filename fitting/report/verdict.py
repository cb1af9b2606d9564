"""What the data say, in words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fitting.problem.priors import bounds
from fitting.problem.problem import media
from fitting.report.combinations import Combination, best_combinations, combine, say
from fitting.report.predictive import misfits, truth_of
from fitting.runs.labels import symbols
from fitting.runs.run import Run
from fitting.runs.summary import derived
from fitting.words import MINUS, interval, listed, number, percent, with_error
from jaxcrc.medium.diffusion import SuppressedDiffusion
from jaxcrc.scene import get
from jaxcrc.transport.base import ADVICE, Status

if TYPE_CHECKING:
    import astropy.table

LARGEST_R_HAT = 1.01
SMALLEST_ESS = 400.0
MOST_DIVERGENCES = 0.001
FROM_PRIOR, FROM_DATA = 0.2, 0.5
STRONG = 0.7
SURE = 0.95
POOR, MARGINAL, TOO_GOOD = 0.01, 0.05, 0.99
MOST_PAIRS = 3
ROUNDING = 1e-12  # the spread of equal numbers

Rows = Mapping[str, Any]


def verdict(run: Run, summary: astropy.table.Table | None = None) -> list[str]:
    """Paragraphs in plain words: whether to believe the chains, the result, what decided it, how well the model fits.

    Arguments: summary — `run.summary()` where it is at hand already.
    """
    rows = {str(row["parameter"]): row for row in (run.summary() if summary is None else summary)}
    paragraphs = [
        _belief(run, rows),
        _edge(run),
        *(_result(run, rows, name) for name in media(run.problem.scene)),
        _decided(run, rows),
        _pairs(run),
        _constrained(run),
        _fit(run),
        _validity(run),
        _recovery(run, rows),
    ]
    return [text for text in paragraphs if text]


def _belief(run: Run, rows: Rows) -> str:
    """Whether the draws stand for the posterior."""
    if not run.sampled:
        text = (
            "The chains: there are none. This is a Gaussian approximation around the most probable parameters (MAP); "
            "R-hat and effective sample sizes are unknown, and intervals of bent or bounded posteriors may be wrong. "
            "Method 'nuts' samples the posterior itself."
        )
        if run.about.get("map_converged") is False:
            text += " The search for the MAP did not converge."
        if not all(math.isfinite(error) for error in run.best_errors.values()):
            text += " The density has no maximum inside the priors, so the errors at the MAP are unknown."
        return text
    names = symbols(run.problem)
    r_hat, ess = _extreme(rows, names, "r_hat", max), _extreme(rows, names, "ess_bulk", min)
    tail = _extreme(rows, names, "ess_tail", min)
    count, draws = run.about.get("divergences"), run.about.get("draws")
    facts = [f"R-hat at most {_at(r_hat, '.3f')}", f"effective sample size at least {_at(ess, '.0f')} in the bulk"]
    facts += [f"{_at(tail, '.0f')} in the tails", _divergences(count, draws)]
    faults = []
    if r_hat is not None and r_hat[0] > LARGEST_R_HAT:
        faults.append(f"R-hat should be below {LARGEST_R_HAT}: the chains have not met; draw more, or warm up longer")
    if any(size is not None and size[0] < SMALLEST_ESS for size in (ess, tail)):
        faults.append(f"effective sample sizes should reach {SMALLEST_ESS:.0f}: draw more")
    if count is not None and draws and count > MOST_DIVERGENCES * draws:
        faults.append(
            "divergences should stay below 0.1 %: raise target_accept, or look for a funnel in the corner plot"
        )
    if faults:
        head = "The chains cannot be believed yet"
    elif None in (r_hat, ess, tail, count):
        head = "Whether the chains can be believed is unknown (fewer than four chains, or a parameter that never moves)"
    else:
        head = "The chains can be believed"
    cut = "" if run.about.get("complete", True) else " Sampling was interrupted: these are the draws made until then."
    if run.about.get("map_converged") is False:
        cut += " The search for the MAP did not converge: read medians, not the MAP."
    return f"{head}: {', '.join(facts)}.{''.join(f' {fault[0].upper()}{fault[1:]}.' for fault in faults)}{cut}"


def _edge(run: Run) -> str:
    """Which priors stop the MAP."""
    names = symbols(run.problem)
    edges = {path: bounds(run.problem.priors[path].distribution) for path in names}
    held = [f"{names[path]} = {number(run.best[path])}" for path in names if run.best[path] in edges[path]]
    if not held:
        return ""
    return (
        f"The MAP lies at the edge of the priors: {listed(held)}. The density still rises there, and what the MAP "
        "says of the parameters that trade against these means little: read medians and intervals."
    )


def _extreme(rows: Rows, names: Mapping[str, str], column: str, choose: Any) -> tuple[float, str] | None:
    """The worst value of a diagnostic and its parameter; None where it is undefined for any."""
    values = [(float(rows[path][column]), name) for path, name in names.items()]
    return None if any(math.isnan(value) for value, _ in values) else choose(values)


def _at(extreme: tuple[float, str] | None, form: str) -> str:
    return "unknown" if extreme is None else f"{extreme[0]:{form}} ({extreme[1]})"


def _divergences(count: int | None, draws: int | None) -> str:
    if count is None or not draws:
        return "divergences unknown"
    return f"{count} divergences in {draws} draws ({percent(count / draws)})"


def _result(run: Run, rows: Rows, name: str) -> str:
    """κ first, then χ against two references, and δ."""
    medium = media(run.problem.scene)[name]
    row = rows[f"{name}: kappa(10 TeV)"]
    if float(row["sd"]) <= ROUNDING * float(row["mean"]):
        return f"Diffusion ({name}): κ(10 TeV) is held at {number(float(row['q50']))} cm² s⁻¹."
    text = f"Diffusion ({name}): κ_s(10 TeV) = {_middle(row)} cm² s⁻¹ (95 % interval {_range(row)} cm² s⁻¹)."
    found = {key.split(": ")[1]: values for key, (values, _) in derived(run.problem, run.draws).items()
             if key.startswith(f"{name}: chi(")}  # fmt: skip
    own = f"; the case is stated against {medium.reference}" if isinstance(medium, SuppressedDiffusion) else ""
    quoted = [f"χ{key[3:]} = {_middle(rows[f'{name}: {key}'])} ({_range(rows[f'{name}: {key}'])})" for key in found]
    text += f" As a factor on κ₀, with the name of κ₀ (medians, 95 % intervals{own}): {'; '.join(quoted)}."
    path = f"components.{name}.medium.delta"
    if path in rows:
        text += f" The slope is δ = {with_error(float(rows[path]['q50']), float(rows[path]['sd']))}"
        text += f" (95 % interval {_range(rows[path])})."
    else:
        text += f" The slope is held at δ = {float(get(run.problem.scene, path)):.3g}."
    return f"{text} {_suppression(found)}"


def _middle(row: Any) -> str:
    return number(float(row["q50"]), 2)


def _range(row: Any) -> str:
    return interval(float(row["q2.5"]), float(row["q97.5"]))


def _suppression(found: Mapping[str, np.ndarray]) -> str:
    """Whether χ < 1 at 95 %, for each energy and reference."""
    below = {f"χ{key[3:]}": float(np.mean(values < 1.0)) for key, values in found.items()}
    slow = [key for key, share in below.items() if share >= SURE]
    fast = [key for key, share in below.items() if share <= 1.0 - SURE]
    open_ = [f"{key} (P(χ < 1) = {percent(share)})" for key, share in below.items() if 1.0 - SURE < share < SURE]
    parts = []
    if slow:
        least = min(below[key] for key in slow)
        share = "all draws" if least == 1.0 else f"at least {math.floor(1e3 * least) / 10:g} % of the draws"
        parts.append(f"χ < 1 (slower diffusion than κ₀) is established at 95 % for {listed(slow)}: {share}.")
    if fast:
        parts.append(f"χ > 1 (faster diffusion than κ₀) is established at 95 % for {listed(fast)}.")
    if open_:
        parts.append(f"Neither χ < 1 nor χ > 1 is established at 95 % for {listed(open_)}.")
    return " ".join(parts)


def _decided(run: Run, rows: Rows) -> str:
    """Which parameters the data decided, and which the priors did."""
    shrinkage = {name: float(rows[path]["shrinkage"]) for path, name in symbols(run.problem).items()}
    data = [name for name, value in shrinkage.items() if value > FROM_DATA]
    prior = [name for name, value in shrinkage.items() if value < FROM_PRIOR]
    both = [name for name, value in shrinkage.items() if FROM_PRIOR <= value <= FROM_DATA]
    parts = []
    if data:
        parts.append(f"The data decided {listed(data)} (posterior narrower than half the prior).")
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


def _fit(run: Run) -> str:
    """χ² of each table, and whether the model describes it."""
    parts, poor, marginal, rich = [], [], [], []
    for name, fit in misfits(run).items():
        text = f"{name}: χ² = {fit.chi_squared:.1f} for {fit.points} points"
        if fit.limits:
            above = "none" if fit.exceeded == 0 else str(fit.exceeded)
            text += f", {above} of {fit.limits} upper limit{'s' * (fit.limits > 1)} exceeded"
        parts.append(f"{text}, posterior-predictive p = {number(fit.p_value, 2)}")
        poor += [name] * (fit.p_value < POOR)
        marginal += [name] * (POOR <= fit.p_value < MARGINAL)
        rich += [name] * (fit.p_value > TOO_GOOD)
    text = f"Fit at the MAP, {len(run.draws)} free parameters: {'; '.join(parts)}."
    if poor:
        text += f" The model does not describe {listed(poor)}."
    if marginal:
        text += f" The model describes {listed(marginal)} only marginally."
    if rich:
        text += f" The errors of {listed(rich)} look too large."
    return text if poor or marginal or rich else f"{text} The model describes the data."


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
