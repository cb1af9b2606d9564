"""What a problem tells before a fit: each kind of oddity in one sentence, and none of what is sound."""

import dataclasses

import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.layout import blank_table
from fitting.problem.notes import notes
from fitting.problem.priors import Prior
from fitting.tables.table import Table
from jaxcrc import (
    Cooled,
    ElectronPowerLaw,
    Model,
    PowerLawDiffusion,
    Pulsar,
    Scene,
    UniformGas,
    View,
    bind,
)
from jaxcrc.source.pulsar import KnownAge, Timing
from tests.fitting.halos import halo

SOURCE = (83.6, 22.0)
KNOWN = fitting.Options(centres={"source": SOURCE})


def table(values=(2.0e-14, 1.283e-15, 6.32e-17), kind="dnde", unit="1 / (TeV cm2 s)", centre=SOURCE, **fields) -> Table:
    """A measured spectrum at 1, 3 and 10 TeV with errors of a tenth."""
    spec = {"kind": kind, "unit": unit, "e_ref": ["1 TeV", "3 TeV", "10 TeV"]}
    spec["region"] = {"shape": "circle", "radius": 0.4}
    blank = blank_table("a", spec, "tables.a.layout", centre)
    value = np.asarray(values)[:, None]
    plain = {"value": value, "error_lo": 0.1 * value, "error_hi": 0.1 * value, "simulated": False, "layout": False}
    return dataclasses.replace(blank, **plain | fields)


def told(tables: dict[str, Table], scene: Scene | None = None, options=KNOWN, priors=None) -> tuple[str, ...]:
    wrapped = {path: Prior(law) for path, law in (priors or {}).items()}
    found = notes(halo("burst") if scene is None else scene, tables, options, wrapped)
    for sentence in found:
        assert "\n" not in sentence
        assert not sentence.endswith(".")
    return found


def test_a_sound_problem_needs_no_note():
    assert told({"a": table(), "b": table(np.array([3.0, 2.0, 1.0]) * 1e-15)}) == ()


def test_what_is_odd_about_a_table_names_it():
    value = table().value
    (note,) = told({"a": table(error_lo=1e-7 * value, error_hi=1e-7 * value)})
    assert note.startswith("table 'a': the errors are typically 1.00 × 10⁻⁷ of the values")


@pytest.mark.parametrize("axis", ["north", "east"])
def test_a_source_that_moves_beside_clouds_that_do_not_know_it_is_told(axis):
    path, tables = f"view.offset_{axis}", {"a": table(), "b": table(np.array([3.0, 2.0, 1.0]) * 1e-15)}
    known = fitting.Options(centres={"source": SOURCE, "giant": SOURCE})
    mixed, clouds = {"b": "giant"}, dict.fromkeys(tables, "giant")
    free, moved = {"priors": {path: dist.Uniform(-0.1, 0.1)}}, {"scene": bind(halo("burst"), {path: 0.1})}
    for given in (free, moved):
        (note,) = told(tables, options=dataclasses.replace(known, clouds=mixed), **given)
        assert note == f"{path} moves the source, but not as seen from its clouds: nothing of it is felt by 'b'"
        for whole in ({}, clouds):
            assert told(tables, options=dataclasses.replace(known, clouds=whole), **given) == ()
    assert told(tables, options=dataclasses.replace(known, clouds=mixed)) == ()


E2 = np.array([1.0, 3.0, 10.0]) ** 2
TWINS = {
    "itself": table(),
    "another unit": table(np.array([2.0e-17, 1.283e-18, 6.32e-20]), unit="1 / (GeV cm2 s)"),
    "another kind": table(np.array([2.0e-14, 1.283e-15, 6.32e-17]) * E2, "e2dnde", "TeV / (cm2 s)"),
    "rounded": table((2.0000001e-14, 1.283e-15, 6.32e-17)),
    "most of it": table((2.0e-14, 1.283e-15, 9.9e-17)),
}
OTHERS = {
    "other values": table((2.1e-14, 1.3e-15, 6.4e-17)),
    "elsewhere": table(centre=(83.6, 22.3)),
    "other errors": table(error_lo=np.full((3, 1), 1e-15), error_hi=np.full((3, 1), 1e-15)),
}


@pytest.mark.parametrize("name", TWINS)
def test_data_that_count_twice_are_told(name):
    (note,) = told({"one": table(), "two": TWINS[name]})
    rows = "2 rows" if name == "most of it" else "3 rows"
    assert note.startswith(f"tables 'one' and 'two' have {rows} in common: the same data count twice")


@pytest.mark.parametrize("name", OTHERS)
def test_data_that_differ_are_not(name):
    assert told({"one": table(), "two": OTHERS[name]}) == ()


def test_layouts_hold_no_data_to_count_twice():
    blank = table(np.ones(3), simulated=True, layout=True)
    assert told({"one": blank, "two": blank}) == ()


@pytest.mark.parametrize(("centre", "away"), [((83.6, 22.9), False), ((83.6, 29.0), True), ((5.57, 22.0), True)])
def test_a_table_that_looks_elsewhere_is_told(centre, away):
    """Beside the source is sound; hours for degrees, or another source, are not."""
    found = told({"a": table(centre=centre)})
    assert len(found) == away
    assert all("deg from the source at RA 83.6, Dec 22 deg: check both positions" in note for note in found)


@pytest.mark.parametrize(
    ("distance", "prior", "odd"),
    [
        (1.0, None, False),
        (1.04, None, False),
        (None, None, False),
        (2.0, None, True),
        (0.001, None, True),
        (2.0, dist.Uniform(0.5, 3.0), False),
        (2.0, dist.TruncatedNormal(1.0, 0.1, low=0.0), True),
        (1.2, dist.TruncatedNormal(1.0, 0.1, low=0.0), False),
    ],
)
def test_a_table_of_another_distance_is_told(distance, prior, odd):
    found = told({"a": table(distance=distance)}, priors={"view.distance": prior} if prior else None)
    assert len(found) == odd
    assert all(f"told to be of something at {distance:g} kpc" in note for note in found)


def pulsar(period=0.2371, derivative=10.97, tau0=12.0, power=3.25e34, clock=None) -> Scene:
    clock = clock or Timing(period=period, period_derivative=derivative)
    source = Pulsar(
        ElectronPowerLaw(index=2.2, log10_cutoff=2.3),
        clock,
        log10_power=np.log10(power),
        log10_efficiency=-0.4,
        log10_tau0=np.log10(1e3 * tau0),
    )
    model = Model(source, PowerLawDiffusion(log10_kappa=27.0, delta=0.3), Cooled())
    return Scene({"halo": model}, View(distance=0.25), {}, UniformGas(density=1.0))


ODD_PULSARS = [
    (pulsar(tau0=400.0), ["leave no age beside this tau0"]),
    (pulsar(period=237.1), ["make a spin-down power of 10^25.51 erg/s, but log10_power is 34.51: check the units"]),
    (pulsar(derivative=1e-4), ["above that of the universe", "make a spin-down power"]),
    (pulsar(power=3.25e38), ["make a spin-down power"]),
    (pulsar(power=3.25e34 * 10.0**1.1), ["make a spin-down power"]),
    (pulsar(power=3.25e34 / 10.0**0.9), []),
    (bind(pulsar(), {"components.halo.source.log10_power": 3.25e34}), ["10^34.51 erg/s, but log10_power is 3.25e+34"]),
    (pulsar(clock=KnownAge(log10_age=11.0)), ["its age is 1.00 × 10⁸ kyr, above that of the universe"]),
]


@pytest.mark.parametrize(("scene", "fragments"), ODD_PULSARS)
def test_a_pulsar_that_contradicts_itself_is_told(scene, fragments):
    found = told({"a": table()}, scene)
    assert len(found) == len(fragments)
    for note, fragment in zip(found, fragments, strict=True):
        assert note.startswith("components.halo.source: ")
        assert fragment in note


def test_a_sound_pulsar_is_not_odd():
    assert told({"a": table()}, pulsar()) == ()
    assert told({"a": table()}, pulsar(clock=KnownAge(log10_age=5.5))) == ()


def test_an_age_beyond_the_universe_is_told_of_any_source():
    (note,) = told({"a": table()}, bind(halo("burst"), {"components.halo.source.release.log10_age": 20.0}))
    assert "components.halo.source: its age is 1.00 × 10¹⁷ kyr, above that of the universe" in note


def test_collisions_that_are_left_out_are_told():
    old = {"components.halo.source.release.log10_age": 6.0}
    scene = halo("burst")
    for density in np.geomspace(1e-2, 1e3, 26):
        found = told({"a": table()}, bind(scene, {**old, "gas.density": density}))
        assert len(found) == (density > 1.0)
    # 1/τ = 0.45 · 47 to 55 mb · c · 10 cm⁻³ over 1 Myr: 16 to 20 per cent of 10 to 100 TeV.
    (note,) = told({"a": table()}, bind(scene, {**old, "gas.density": 10.0}))
    assert note.startswith("components.halo.transport leaves out collisions with the gas")
    assert "(n t = 1e+07 cm-3 yr): set its losses = true" in note
    low, high = (float(word) for word in note.split("tables lose ")[1].split(" per cent")[0].split(" to "))
    assert 14.0 < low < high < 21.0


def test_photons_beyond_what_is_known_of_protons_are_told():
    high = table(e_ref=np.array([1e3, 1e4, 1.4e6]))
    (note,) = told({"lhaaso": high})
    assert note.startswith("table 'lhaaso' reaches 1.4 PeV: most of these photons come from protons above 1 PeV")
    assert told({"lhaaso": high}, pulsar()) == ()  # electrons alone
    (note,) = told({"a": table()}, options=dataclasses.replace(KNOWN, energy_max=1e4))
    assert "options.energy_max ends all particles at 10 TeV: raise it to 300 TeV or leave it out" in note
    assert told({"a": table()}, options=dataclasses.replace(KNOWN, energy_max=3e5)) == ()
