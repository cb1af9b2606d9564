"""What the draws say about diffusion: at the energies that the data see, and extrapolated beyond them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fitting.problem.problem import media
from fitting.runs.run import Run
from fitting.runs.summary import Quoted, derived
from fitting.words import energy, interval, listed, number, percent, with_error
from jaxcrc.medium.diffusion import SuppressedDiffusion, bohm
from jaxcrc.scene import get

SURE, MOST = 0.95, 0.5
BOHM = {True: ": whether χ < 1 cannot be said, since diffusion does not hold there", False: ""}
ROUNDING = 1e-12  # the spread of equal numbers

Rows = Mapping[str, Any]


def diffusion(run: Run, rows: Rows, meta: Mapping[str, Any], name: str, sure: str) -> str:
    """κ, χ and δ of a component where the measured light comes from; then elsewhere, called extrapolated.

    Arguments: rows, meta — of `run.summary()`, rows by parameter; sure — how certain 95 % of the draws are.
    """
    found = derived(run.problem, run.draws, meta["energies"])
    quoted = {key: value for key, value in found.items() if key.startswith(f"{name}: ")}
    seen, beyond = ([key for key in quoted if (key in meta["extrapolated"]) is far] for far in (False, True))
    kappas = [key for key in (*seen, *beyond) if "kappa(" in key]
    if float(rows[kappas[0]]["sd"]) <= ROUNDING * float(rows[kappas[0]]["mean"]):
        held = [f"{_greek(key)} = {number(float(rows[key]['q50']))} cm² s⁻¹" for key in kappas]
        return f"Diffusion ({name}) is held: {listed(held)}."
    parts = [f"Diffusion ({name}): {_light(meta['feeds'].get(name))}"]
    if seen:
        parts.append(f"There, as medians and 95 % intervals{_against(run, name)}: {_told(seen, rows)}.")
        slow = _below_bohm(run, name, meta["feeds"][name])
        if slow <= MOST:
            parts += _suppression({key: quoted[key] for key in seen if "chi(" in key}, sure)
        if slow > 0.0:
            parts.append(
                f"In {percent(slow)} of the draws κ lies below the Bohm limit c r_L/3 there{BOHM[slow > MOST]}."
            )
    parts.append(_slope(run, rows, f"components.{name}.medium.delta"))
    if beyond:
        parts.append(f"Extrapolated to energies that the data do not see: {_told(beyond, rows)}.")
    return " ".join(parts)


def _light(feeds: Sequence[float] | None) -> str:
    """Which particles make the measured light."""
    if feeds is None:
        return "its light is not in the data; what follows comes of the priors alone."
    low, middle, high = (energy(float(f"{value:.2g}")) for value in feeds)
    return f"its measured light comes from particles around {middle} (68 % of it from {low} to {high}, at the MAP)."


def _greek(key: str) -> str:
    return key.split(": ")[1].replace("kappa(", "κ_s(").replace("chi(", "χ(")


def _told(keys: Sequence[str], rows: Rows) -> str:
    """Median and 95 % interval of each."""
    units = {key: " cm² s⁻¹" if "kappa(" in key else "" for key in keys}
    return "; ".join(f"{_greek(key)} = {_middle(rows[key])}{units[key]} [{_range(rows[key])}]" for key in keys)


def _middle(row: Any) -> str:
    return number(float(row["q50"]), 2)


def _range(row: Any) -> str:
    return interval(float(row["q2.5"]), float(row["q97.5"]))


def _against(run: Run, name: str) -> str:
    medium = media(run.problem.scene)[name]
    return f", the case being stated against {medium.reference}" if isinstance(medium, SuppressedDiffusion) else ""


def _slope(run: Run, rows: Rows, path: str) -> str:
    if path not in rows:
        return f"The slope is held at δ = {float(get(run.problem.scene, path)):.3g}."
    row = rows[path]
    return f"The slope is δ = {with_error(float(row['q50']), float(row['sd']))} (95 % interval {_range(row)})."


def _below_bohm(run: Run, name: str, feeds: Sequence[float]) -> float:
    """Share of the draws with κ below the Bohm limit, in the case's field, at an end of the energies of the light."""
    posterior, flat = run.problem.posterior, {path: jnp.asarray(v) for path, v in run.flat().items()}
    ends = jnp.asarray([feeds[0], feeds[-1]])

    def is_below(values: dict[str, Any]) -> Any:
        scene = posterior.bound(values)
        return jnp.any(media(scene)[name].kappa(ends) < bohm(ends, scene.light.magnetic_field))

    return float(np.mean(jax.vmap(is_below)(flat)))


def _suppression(chis: Mapping[str, Quoted], sure: str) -> list[str]:
    """Whether χ < 1, for each energy and reference."""
    below = {_greek(key): float(np.mean(q.values < 1.0)) for key, q in chis.items()}
    least = [key for key, share in below.items() if share >= SURE]
    most = [key for key, share in below.items() if share <= 1.0 - SURE]
    open_ = [f"{key} (P(χ < 1) = {percent(share)})" for key, share in below.items() if 1.0 - SURE < share < SURE]
    parts = []
    if least:
        lowest = min(below[key] for key in least)
        share = "all draws" if lowest == 1.0 else f"at least {math.floor(1e3 * lowest) / 10:g} % of the draws"
        parts.append(f"χ < 1 (slower diffusion than κ₀) {sure} for {listed(least)}: {share}.")
    if most:
        parts.append(f"χ > 1 (faster diffusion than κ₀) {sure} for {listed(most)}.")
    if open_:
        parts.append(f"Neither χ < 1 nor χ > 1 {sure} for {listed(open_)}.")
    return parts
