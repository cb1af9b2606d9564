"""Which models of light a fit really used, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fitting.problem.problem import Problem
from fitting.tables.kinds import Compared
from fitting.words import energy, listed, percent
from jaxcrc.emission.aafrag import LOWEST
from jaxcrc.emission.composition import Composition
from jaxcrc.emission.hadronic import AAFRAG

NONE = "none: no light of protons is compared with the data"
BELOW = {AAFRAG: f"kafexhiu14-geant4 below {energy(LOWEST)}"}  # what stands for a model where its tables have no entry


def hadronic_words(problem: Problem, values: Mapping[str, Any]) -> str:
    """Each hadronic model that made light, with its share at the given values, and whose protons it was.

    Arguments: values — {path: value} of the free parameters, such as the MAP.
    """
    protons = _shining(problem)
    if not protons:
        return NONE
    hadronic = problem.posterior.bound({**problem.start(), **values}).hadronic
    names = sorted(hadronic.models) or [problem.options.hadronic]
    shares = np.asarray(hadronic.shares()) if hadronic.models else np.ones(1)
    told = [_model(name, float(share), len(names)) for name, share in zip(names, shares, strict=True)]
    mixed = ", shares at the MAP, the same at all energies" if len(names) > 1 else ""
    return f"{listed(told)}{mixed}; for the protons of {listed(protons)}"


def _model(name: str, share: float, count: int) -> str:
    facts = ([f"{percent(share)}"] if count > 1 else []) + ([BELOW[name]] if name in BELOW else [])
    return f"{name} ({', '.join(facts)})" if facts else name


def _shining(problem: Problem) -> list[str]:
    """Components of protons, where any table is of light."""
    light = any(table.quantity.compared is not Compared.DENSITY for table in problem.tables.values())
    return [name for name, model in problem.scene.components.items() if light and model.particle == "proton"]


def nuclear_words(problem: Problem) -> str:
    """What stood for nuclei in the light of protons."""
    return _nuclei(problem.options.nuclear) if _shining(problem) else NONE


def _nuclei(nuclear: str | float | Composition) -> str:
    if isinstance(nuclear, Composition):
        rays, gas = (
            ", ".join(f"{name} {share:g}" for name, share in side) or "protons alone"
            for side in (nuclear.cosmic_rays, nuclear.gas)
        )
        return f"composition (cosmic rays: {rays}; gas: {gas})"
    return nuclear if isinstance(nuclear, str) else f"factor {nuclear:g}"
