"""What a report tells beside its pictures, as rows of plain words: parameters, priors, validity, data, making."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fitting.problem.priors import PriorError, spec_of
from fitting.problem.problem import media
from fitting.report.predictive import is_sea
from fitting.runs.labels import labels, symbols, unit_of
from fitting.runs.run import Run
from fitting.runs.summary import SECOND_REFERENCE
from fitting.runs.used import hadronic_words, nuclear_words
from fitting.tables.describe import describe
from fitting.words import MINUS, UNKNOWN, interval, number, percent
from jaxcrc.medium.diffusion import REFERENCES, SuppressedDiffusion
from jaxcrc.source.sea import LocalSea
from jaxcrc.transport.base import ADVICE, Status

if TYPE_CHECKING:
    import astropy.table

NO_SOURCE = "no source given: wide by choice"


class Column(NamedTuple):
    """A column of the parameters' table: its head, and the one or two numbers of the summary that it shows."""

    head: str
    numbers: tuple[str, ...]


COLUMNS = (
    Column("median", ("q50",)),
    Column("68 %", ("q16", "q84")),
    Column("95 %", ("q2.5", "q97.5")),
    Column("MAP", ("map",)),
    Column("MAP error", ("map_error",)),
    Column("R-hat", ("r_hat",)),
    Column("ESS bulk", ("ess_bulk",)),
    Column("ESS tail", ("ess_tail",)),
    Column("shrinkage", ("shrinkage",)),
)
DIAGNOSTICS = {"ess_bulk": ".0f", "ess_tail": ".0f", "r_hat": ".3f", "shrinkage": ".2f"}
GENERAL = (Status.FAILED, Status.SUPERLUMINAL, Status.BELOW_BOHM)
ANSWERS = {"True": "yes", "False": "no"}


def parameter_name(run: Run, parameter: str) -> str:
    """A row's name for people; derived ones read κ_s and χ with its κ₀, and the component where there are several."""
    greek = parameter.replace("kappa(", "κ_s(").replace("chi(", "χ(")
    greek = greek.split(": ")[-1] if len(media(run.problem.scene)) == 1 else greek
    return symbols(run.problem).get(parameter, greek)


def columns_of(summary: astropy.table.Table) -> list[Column]:
    """The columns that have something to show."""
    return [c for c in COLUMNS if np.any(np.isfinite([np.asarray(summary[name], float) for name in c.numbers]))]


def cell(column: Column, row: Any, form: Callable[[float], str], between: Callable[[float, float], str]) -> str:
    """The numbers of a row in a column; 'unknown' where they are undefined, a dash for errors at the MAP.

    Arguments: form — of a value; between — of the two ends of an interval.
    """
    values = [float(row[name]) for name in column.numbers]
    if any(math.isnan(value) for value in values):
        return "–" if column.numbers == ("map_error",) else UNKNOWN
    if len(values) == 2:
        return between(values[0], values[1])
    digits = DIAGNOSTICS.get(column.numbers[0])
    return f"{values[0]:{digits}}".replace("-", MINUS) if digits else form(values[0])


def parameter_grid(run: Run, summary: astropy.table.Table) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the parameters' table: name with unit, and numbers; what is extrapolated comes last."""
    columns, beyond = columns_of(summary), summary.meta["extrapolated"]
    rows = []
    for row in sorted(summary, key=lambda row: str(row["parameter"]) in beyond):
        key, unit = str(row["parameter"]), unit_of(str(row["unit"]))
        name = parameter_name(run, key) + (f" [{unit}]" if unit else "")
        name += ", extrapolated" if key in beyond else ""
        rows.append([name, *(cell(column, row, number, interval) for column in columns)])
    return ["parameter", *(column.head for column in columns)], rows


def reference_rows(run: Run) -> list[tuple[str, str, str]]:
    """What every χ refers to: its name, the law of κ₀, and where that comes from."""
    used = {m.reference for m in media(run.problem.scene).values() if isinstance(m, SuppressedDiffusion)}
    rows = []
    for name in sorted(used | {SECOND_REFERENCE, "nava16"}):
        law = REFERENCES[name]
        bend = f", bending at {law.break_at:g} GeV" if math.isfinite(law.break_at) else ""
        words = f"κ₀ = {number(law.normalisation)} cm² s⁻¹ at {law.pivot:g} GeV, slope {law.delta:.3g}{bend}"
        rows.append((f"χ(…; {name})", words, law.source))
    return rows


def prior_rows(run: Run) -> list[tuple[str, str, str, str]]:
    """Name, path, distribution and source of each prior; then the ties."""
    rows = []
    for path, name in labels(run.problem).items():
        prior = run.problem.priors[path]
        try:
            spec = {key: value for key, value in spec_of(prior).items() if key != "source"}
            words = f"{spec.pop('dist')}, " + ", ".join(f"{key} = {number(v, 4)}" for key, v in spec.items())
        except PriorError:
            words = type(prior.distribution).__name__
        rows.append((name, path, words, prior.source or NO_SOURCE))
    ties = run.problem.options.ties.items()
    return rows + [(follower, follower, f"the same as {leader}", "a tie of the case") for follower, leader in ties]


def drawn_from(run: Run) -> str:
    """What the draws of a run are draws of."""
    return "posterior" if run.sampled else "Gaussian around the MAP"


def undrawn_words(run: Run) -> list[str]:
    """A sentence for each table of which there is no picture, and why."""
    tables = run.problem.tables.items()
    undrawn = [(name, table) for name, table in tables if not table.is_profile and not table.quantity.spectral]
    return [
        f"There is no picture of {name}: a spectrum of {table.quantity.label} of a region is not an E² dN/dE."
        for name, table in undrawn
    ]


def validity_rows(run: Run) -> list[tuple[str, str, str]]:
    """Each status flag with the share of draws that carry it, and the advice; the rarer flags only where they occur."""
    status = run.about.get("status") or {}
    shares = {bit: float(status.get(bit.name, math.nan)) for bit in ADVICE}
    shown = {bit: share for bit, share in shares.items() if bit in GENERAL or share > 0.0}
    return [(str(bit.name), percent(share), ADVICE[bit]) for bit, share in shown.items()]


def provenance(run: Run, name: str) -> str:
    """What a table is and where it comes from."""
    table, options = run.problem.tables[name], run.problem.options
    cloud = f"\nLooks at cloud '{options.clouds[name]}'." if name in options.clouds else ""
    found = f"\nFound at: {table.found_at}." if table.found_at else ""
    return f"{describe(table)}{found}{cloud}"


def model_facts(run: Run) -> dict[str, str]:
    """What was chosen rather than fitted."""
    options = run.problem.options
    parts = run.problem.scene.components
    sources = {name: parts[name].source for name in parts}
    seas = [f"{name} ({source.reference})" for name, source in sources.items() if isinstance(source, LocalSea)]
    moving = [name for name in parts if not is_sea(run.problem, name)]
    return {
        "hadronic model": hadronic_words(run.problem, run.best),
        "nuclear factor": nuclear_words(run.problem),
        "components": ", ".join(moving) or "none",
        "sea of cosmic rays": ", ".join(seas) or "none",
        "cosmic-ray energies": f"{options.points_per_decade} per decade",
    }


def making(run: Run) -> dict[str, str]:
    """Method, diagnostics, seed, times and versions."""
    about = run.about

    def of(key: str, digits: int = 3) -> str:
        return number(float(about.get(key, math.nan)), digits)

    return {
        "method": str(about.get("how", about["method"])),
        "sampling": ", ".join(f"{key} {value}" for key, value in (about.get("sampling") or {}).items()) or "none",
        "divergences": str(about.get("divergences", UNKNOWN)),
        "steps per draw": of("steps_per_draw"),
        "complete": ANSWERS.get(str(about.get("complete")), UNKNOWN),
        "MAP converged": ANSWERS.get(str(about.get("map_converged")), UNKNOWN),
        "ln p at the MAP": of("log_density", 6),
        "seed": str(about.get("seed", UNKNOWN)),
        "seconds for the MAP": of("seconds_map"),
        "seconds for the draws": of("seconds_draws"),
        "device": str(about.get("device", UNKNOWN)),
        "versions": ", ".join(f"{key} {value}" for key, value in (about.get("versions") or {}).items()) or UNKNOWN,
    }
