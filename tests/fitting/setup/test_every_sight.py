"""Every transport that a case can name, seen through every region: what parts see adds up, and slopes are slopes."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fitting.cases.case import read
from fitting.cases.parts import KINDS
from fitting.tables.regions import REGIONS
from jaxcrc.scene import get
from jaxcrc.transport.base import Symmetry

CENTRE = (10.0, 0.0)
TURN = math.radians(30.0)
LAYOUT = {"kind": "dnde", "unit": "1 / (TeV cm2 s)", "e_ref": ["3 TeV"]}
CLOUDS = {
    "soft": {"log10_mass": 4.0, "size": 0.1, "offset": 0.4, "azimuth": 40.0, "depth": 6.0},
    "hard": {"log10_mass": 4.0, "size": 0.2, "offset": 0.4, "azimuth": 40.0, "depth": 6.0, "shape": "ball"},
}
POWER_LAW = {"index": 2.2, "log10_cutoff": 3.0}
BURST = {"kind": "burst", "log10_energy": 49.5, "log10_age": 4.3}
LONG = {"kind": "continuous", "log10_power": 37.5, "log10_age": 4.3}
ESCAPE = {
    "kind": "escape",
    "dynamics": {"kind": "explosion", "log10_age": 3.5},
    "ceiling": {"kind": "power-law", "log10_max_momentum": 3.0, "slope": 2.5},
    "log10_energy": 49.5,
}
PULSAR = {
    "kind": "pulsar",
    "injection": {"index": 2.0, "log10_cutoff": 2.0},
    "clock": {"kind": "age", "log10_age": 4.5},
    "log10_power": 35.0,
    "log10_efficiency": -1.0,
    "log10_tau0": 4.0,
}


def protons(release: dict, shape: str | dict = "point") -> dict:
    return {"kind": "released", "spectrum": POWER_LAW, "release": release, "shape": shape}


# transport: (source, its own keys, a parameter of its own)
MOVES = {
    "homogeneous": (protons(BURST), {}, "source.release.log10_age"),
    "trapped": (protons(ESCAPE, "remnant-ball"), {}, "source.release.dynamics.log10_age"),
    "anisotropic": (protons(BURST), {"log10_ratio": -0.7, "inclination": 70.0, "azimuth": 40.0}, "transport.azimuth"),
    "field-lines": (
        protons(BURST, {"kind": "shell", "radius": 8.0}),
        {"log10_magnetic_diffusion": 0.5, "inclination": 70.0, "azimuth": 40.0},
        "transport.log10_magnetic_diffusion",
    ),
    "ballistic": (protons(LONG), {}, "source.release.log10_power"),
    "absorbing": (protons(LONG), {"boundary": 60.0}, "source.release.log10_age"),
    "leaky": (protons(BURST), {"boundary": 60.0, "log10_speed": 2.0}, "transport.log10_speed"),
    "uniform": ({"kind": "local-sea"}, {}, None),
    "cooled": (PULSAR, {"expansion": 0.5}, "transport.expansion"),
    "carried": (PULSAR, {"drift": {"kind": "wind", "north": 100.0, "east": 50.0}}, "transport.drift.north"),
    "cloud": (protons(BURST), {"phase": "wim", "energies": 4, "inclination": 60.0}, "transport.inclination"),
}
HEAVY = (
    "homogeneous",
    "trapped",
    "field-lines",
    "anisotropic",
    "ballistic",
    "absorbing",
    "leaky",
    "cooled",
    "carried",
    "cloud",
)
WHOLES = {
    "circle": ("rings",),
    "box": ("left", "right"),
    "sharp_circle": ("sharp_rings",),
    "sharp_box": ("sharp_left", "sharp_right"),
}
CLOSED = 1e-6  # matrices of what is round
POINTS = 5e-3  # sums over points


def box(width: float, shift: float = 0.0) -> dict:
    """A turned box, moved along its width; on the equator a degree of right ascension is a degree."""
    centre = [CENTRE[0] + shift * math.cos(TURN), CENTRE[1] - shift * math.sin(TURN)]
    return {"shape": "box", "centre": centre, "width": width, "height": 0.5, "angle": math.degrees(TURN)}


def tables() -> dict[str, dict]:
    blurred = {**LAYOUT, "psf": 0.15}
    circle = {"shape": "circle", "centre": list(CENTRE), "radius": 0.6}
    rings = {"r_edges": [0.0, 0.3, 0.6], "centre": list(CENTRE)}
    seen = {
        "rings": {**blurred, **rings},
        "circle": {**blurred, "region": circle},
        "box": {**blurred, "region": box(0.8)},
        "left": {**blurred, "region": box(0.4, -0.2)},
        "right": {**blurred, "region": box(0.4, 0.2)},
        "beside": {**blurred, "region": {**circle, "centre": [CENTRE[0] + 0.3, CENTRE[1]], "radius": 0.3}},
        "sharp_rings": {**LAYOUT, **rings},
        "sharp_circle": {**LAYOUT, "region": circle},
        "sharp_box": {**LAYOUT, "region": box(0.8)},
        "sharp_left": {**LAYOUT, "region": box(0.4, -0.2)},
        "sharp_right": {**LAYOUT, "region": box(0.4, 0.2)},
    }
    return {name: {"layout": layout} for name, layout in seen.items()}


def clouds() -> dict[str, dict]:
    wide = {"shape": "circle", "centre": list(CENTRE), "radius": 0.8}
    return {
        f"{cloud}_{name}": {"cloud": cloud, "layout": {**LAYOUT, "psf": 0.15, "region": region}}
        for cloud in CLOUDS
        for name, region in (("total", {"shape": "total"}), ("circle", wide))
    }


# What else a component or the gas around it may be: the case's parts that differ, and a parameter of them.
LOSING = {"kind": "homogeneous", "losses": True}
BROKEN = {"kind": "broken-power-law", "index": 1.8, "index_above": 2.6, "log10_break": 1.0, "log10_cutoff": 3.0}
CURVED = {"kind": "log-parabola", "index": 2.1, "curvature": 0.1, "log10_cutoff": 3.0}
BUBBLE = {"kind": "bubble", "density": 5.0, "inside": 1.0, "radius": 6.0, "edge": 0.02}
SWEPT = {"kind": "shell", "density": 5.0, "shell": 40.0, "radius_inner": 5.0, "radius_outer": 6.0, "edge": 0.02}
MORE = {
    "losses": ({"transport": LOSING}, {"density": 300.0}, "gas.density"),
    "losing for long": ({"transport": LOSING, "source": protons(LONG)}, {"density": 300.0}, "gas.density"),
    "broken law": (
        {"source": {**protons(BURST), "spectrum": BROKEN}},
        {},
        "components.halo.source.spectrum.log10_break",
    ),
    "curved law": ({"source": {**protons(BURST), "spectrum": CURVED}}, {}, "components.halo.source.spectrum.curvature"),
    "sharp end": (
        {"source": {**protons(BURST), "spectrum": {**POWER_LAW, "log10_cutoff": 1.5, "sharpness": 2.0}}},
        {},
        "components.halo.source.spectrum.sharpness",
    ),
    "nebula": (
        {"source": {**PULSAR, "size": 2.0}, "transport": {"kind": "cooled"}},
        {},
        "components.halo.source.size",
    ),
    "bubble": ({}, BUBBLE, "gas.radius"),
    "swept-up shell": ({}, SWEPT, "gas.radius_outer"),
}


def problem(move: str, tmp_path):
    source, keys, own = MOVES[move]
    component = {"source": source, "transport": {"kind": move, **keys}}
    if move not in ("uniform", "trapped"):
        component["medium"] = {"kind": "suppressed", "reference": "nava16", "log10_chi": -1.2, "delta": 0.4}
    light, looks = {"photons": {"cmb": {}}}, tables()
    if move == "carried":  # minutes a gradient: its boxes are not cut into halves
        looks = {name: look for name, look in looks.items() if not name.endswith(("left", "right"))}
    priors = {"view.distance": {"dist": "uniform", "low": 0.5, "high": 2.0}}
    if move == "leaky":  # which ends in a step: no matrix follows it
        priors = {}
    if own is not None:
        priors[f"components.halo.{own}"] = {"dist": "normal", "mean": 0.0, "sd": 100.0}
    if move == "trapped":
        priors["components.halo.source.release.dynamics.log10_age"] = {"dist": "uniform", "low": 3.3, "high": 3.7}
    case = {
        "components": {"halo": component},
        "gas": {"density": 5.0},
        "light": light,
        "view": {"distance": 1.0, "centre": list(CENTRE), "gas_depth": 100.0, "clouds": CLOUDS},
        "tables": {**looks, **({} if source is PULSAR else clouds())},
        "options": {"points_per_decade": 3, "nuclear": "none"},
        "priors": priors,
    }
    return read(case, tmp_path)


def seen(found, name: str) -> float:
    return float(np.sum(np.asarray(found[name])))


def test_every_transport_and_region_is_here():
    assert set(MOVES) == set(KINDS["transport"])
    assert set(REGIONS) == {"circle", "box", "total"}


@pytest.mark.parametrize("move", [pytest.param(m, marks=[pytest.mark.slow] * (m in HEAVY)) for m in MOVES])
def test_parts_add_up_and_slopes_are_slopes(move, tmp_path, monkeypatch):
    monkeypatch.setattr("fitting.problem.checks.check", lambda *_: None)  # any prior will do to name a parameter
    case = problem(move, tmp_path)
    start = case.start()

    def total(values):
        predicted = case.posterior.predict(values).tables
        return sum(jnp.sum(jnp.log(table)) for table in predicted.values()), predicted

    ask = jax.jit(jax.value_and_grad(total, has_aux=True))
    (_, found), slopes = ask(start)
    for name, table in found.items():
        assert np.all(np.isfinite(table)), name
        assert np.all(np.asarray(table) > 0.0), name
    halo = case.scene.components["halo"]
    round_ = halo.transport.symmetry(halo.source) is not Symmetry.NONE
    for whole, parts in WHOLES.items():
        if not set(parts) <= set(found):
            continue
        added = sum(seen(found, part) for part in parts)
        assert added == pytest.approx(seen(found, whole), rel=CLOSED if round_ else POINTS), whole
    for path, slope in slopes.items():
        step = 1e-4 * max(1.0, abs(float(start[path])))
        up, down = (ask({**start, path: start[path] + sign * step})[0][0] for sign in (1.0, -1.0))
        assert float(slope) != 0.0, path
        assert float(slope) == pytest.approx(float(up - down) / (2.0 * step), rel=2e-4, abs=1e-6), path
    if "soft_total" in found:
        for cloud in CLOUDS:
            assert 0.5 < seen(found, f"{cloud}_circle") / seen(found, f"{cloud}_total") < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_slopes_of_all_else_are_slopes(name, tmp_path):
    parts, gas, path = MORE[name]
    medium = {"kind": "suppressed", "reference": "nava16", "log10_chi": -1.2, "delta": 0.4}
    halo = {"source": protons(BURST), "transport": "homogeneous", "medium": medium, **parts}
    looks = tables()
    case = {
        "components": {"halo": halo},
        "gas": {"density": 5.0, **gas},
        "light": {"photons": {"cmb": {}}},
        "view": {"distance": 1.0, "centre": list(CENTRE)},
        "tables": {name: looks[name] for name in ("rings", "sharp_rings", "beside")},
        "options": {"points_per_decade": 3, "nuclear": "none"},
    }
    start = float(get(read(case, tmp_path).scene, path))
    case["priors"] = {path: {"dist": "uniform", "low": 0.9 * start, "high": 1.1 * start}}
    posterior = read(case, tmp_path).posterior

    def total(value):
        return sum(jnp.sum(jnp.log(table)) for table in posterior.predict({path: value}).tables.values())

    ask, step = jax.jit(jax.value_and_grad(total)), 1e-4 * start
    slope = float(ask(start)[1])
    up, down = (float(ask(start + sign * step)[0]) for sign in (1.0, -1.0))
    assert slope != 0.0
    assert slope == pytest.approx((up - down) / (2.0 * step), rel=2e-4, abs=1e-6)
