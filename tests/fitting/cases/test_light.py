"""Light in a scene: electrons shine as they should, weights mix matrices, and cases name it all."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fitting
from fitting.cases.case import read, spell_case
from fitting.cases.files import CaseError
from fitting.cases.layout import blank_table
from fitting.cases.light import build_hadronic, build_light, spell_hadronic, spell_light
from fitting.runs.labels import labels
from jaxcrc import (
    Burst,
    Composition,
    Homogeneous,
    Light,
    Model,
    PhotonField,
    PowerLaw,
    Released,
    Scene,
    SuppressedDiffusion,
    UniformGas,
    View,
    bind,
    bremsstrahlung_emission,
    hadronic_emission,
    inverse_compton_emission,
    predict,
    synchrotron_emission,
)
from jaxcrc.emission.shares import Hadronic, Share
from jaxcrc.interactions.photon_fields import FIELDS
from jaxcrc.units import CM_PER_PC

PHOTONS = {"cmb": PhotonField.named("cmb"), "dust": PhotonField(energy_density=0.5, temperature=25.0)}
SPEC = {"kind": "dnde", "unit": "1 / (GeV cm2 s)", "e_ref": [1.0, 1e3, 2e4]}
CIRCLE = {"shape": "circle", "centre": [0.0, 0.0], "radius": 2.0}


def spectrum(name: str) -> fitting.Table:
    """A table of an aperture that holds the whole halo: 35 pc at 1 kpc, against a halo of a few."""
    return blank_table(name, {**SPEC, "region": CIRCLE}, "tables.aperture")


class Electrons(Released):
    """Released as protons are, so that their number is known: what is tested is how they shine."""

    particle = "electron"


def scene(particle: str, light: Light, hadronic: Hadronic | None = None) -> Scene:
    kind = {"proton": Released, "electron": Electrons}[particle]
    source = kind(PowerLaw(index=2.2, log10_cutoff=2.5), Burst(log10_energy=48.0, log10_age=3.0))
    medium = SuppressedDiffusion(log10_chi=-1.0, delta=0.1, reference="nava16")
    model = Model(source, medium, Homogeneous())
    return Scene({"halo": model}, View(distance=1.0), {}, UniformGas(density=2.0), light, hadronic or Hadronic())


def released(setup, there) -> np.ndarray:
    """Number of particles per GeV in all."""
    model = there.components["halo"]
    return np.asarray(model.source.amplitude(setup.energy["halo"].kinetic)) * CM_PER_PC**3


@pytest.mark.slow
def test_electrons_in_an_aperture_shine_as_all_of_them_do():
    """F = ∫ dN/dE_γdt N(E) dE/(4πd²), whatever the halo's shape, where the aperture holds it all."""
    there = scene("electron", Light(photons=PHOTONS))
    table = spectrum("aperture")
    setup = fitting.assemble(there, {"aperture": table})
    energy = setup.energy["halo"]
    assert np.allclose(np.diff(np.log(energy.total)), np.diff(np.log(energy.total))[0])
    found = np.asarray(predict(there, setup).tables["aperture"][:, 0])
    matrix = inverse_compton_emission(table.photon, energy.total, PHOTONS.values())
    expected = np.asarray(matrix @ released(setup, there)) / (4.0 * np.pi * (1e3 * CM_PER_PC) ** 2)
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_densities_of_fields_are_weights():
    there = scene("electron", Light(photons=PHOTONS))
    setup = fitting.assemble(there, {"aperture": spectrum("aperture")})

    @jax.jit
    def table(cmb, dust):
        values = {"light.photons.cmb.energy_density": cmb, "light.photons.dust.energy_density": dust}
        return predict(bind(there, values), setup).tables["aperture"]

    one, other = table(0.3, 0.0), table(0.0, 0.7)
    np.testing.assert_allclose(table(0.3, 0.7), one + other, rtol=1e-12)
    np.testing.assert_allclose(table(0.6, 0.0), 2.0 * one, rtol=1e-12)
    slope = jax.jacfwd(lambda dust: table(0.3, dust))(0.1)
    np.testing.assert_allclose(slope, other / 0.7, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("process", ["synchrotron", "bremsstrahlung"])
def test_other_processes_of_electrons(process):
    """As above; photons of 1 keV where the field makes them."""
    there = scene("electron", Light(magnetic_field=4.0, photons=PHOTONS))
    table = blank_table("x", {**SPEC, "region": CIRCLE, "e_ref": [1e-6] if process == "synchrotron" else [1.0]}, "x")
    setup = fitting.assemble(there, {"aperture": table}, fitting.Options(leptonic=(process,)))
    found = np.asarray(predict(there, setup).tables["aperture"][:, 0])
    total = setup.energy["halo"].total
    gas = 2.0
    matrix = {
        "synchrotron": lambda: synchrotron_emission(table.photon, total, 4.0),
        "bremsstrahlung": lambda: gas * bremsstrahlung_emission(table.photon, total),
    }[process]()
    expected = np.asarray(matrix @ released(setup, there)) / (4.0 * np.pi * (1e3 * CM_PER_PC) ** 2)
    np.testing.assert_allclose(found, expected, rtol=2e-3)


@pytest.mark.slow
def test_the_magnetic_field_may_be_drawn():
    """Matrices on Chebyshev nodes of ln B over the prior's decades, against matrices made for each B; and slopes."""
    case = electron_case()
    case["options"]["leptonic"] = ["synchrotron", "inverse-compton"]
    case["tables"]["aperture"]["layout"]["e_ref"] = ["0.1 keV", "1 keV", "10 keV"]
    path = "light.magnetic_field"
    case["priors"] = {path: {"dist": "uniform", "low": 0.5, "high": 50.0}}
    problem = read(case, Path())
    table = jax.jit(lambda field: jnp.log(problem.posterior.predict({path: field}).tables["aperture"][:, 0]))
    for field in (0.6, 20.0):
        alone = read({**case, "priors": {}, "light": {**case["light"], "magnetic_field": field}}, Path())
        grids = [np.asarray(p.setup.energy["halo"].total)[[0, -1]] for p in (problem, alone)]
        assert grids[0][0] <= grids[1][0]
        np.testing.assert_allclose(table(field), np.log(alone.predict().tables["aperture"][:, 0]), atol=1e-3)
    slope = jax.jacfwd(table)(3.0)
    np.testing.assert_allclose(slope, (table(3.0 + 1e-4) - table(3.0 - 1e-4)) / 2e-4, rtol=1e-5)
    assert np.all(slope > 0.0)
    case["priors"] = {path: {"dist": "half-normal", "sd": 3.0}}
    with pytest.raises(fitting.AssemblyError, match="between positive bounds"):
        read(case, Path())


@pytest.mark.slow
def test_hadronic_scale_and_a_mixture_of_models():
    names = ("kafexhiu14-geant4", "kafexhiu14-sibyll")
    mixture = Hadronic(scale=1.3, models=dict(zip(names, (Share(weight=1.0), Share(weight=3.0)), strict=True)))
    there = scene("proton", Light(), mixture)
    setup = fitting.assemble(there, {"aperture": spectrum("aperture")}, fitting.Options(nuclear="none"))
    found = np.asarray(predict(there, setup).tables["aperture"][:, 0])
    kinetic = setup.energy["halo"].kinetic
    parts = [hadronic_emission(jnp.asarray(SPEC["e_ref"]), kinetic, name) @ released(setup, there) for name in names]
    expected = 1.3 * 2.0 * (0.25 * parts[0] + 0.75 * parts[1]) / (4.0 * np.pi * (1e3 * CM_PER_PC) ** 2)
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    assert abs(parts[1][1] / parts[0][1] - 1.0) > 0.05
    slope = jax.grad(
        lambda w: predict(bind(there, {f"hadronic.models.{names[0]}.weight": w}), setup).tables["aperture"][1, 0]
    )
    assert float(slope(1.0)) < 0.0


def test_what_does_not_shine_is_said():
    dark = scene("electron", Light(photons={}))
    with pytest.raises(fitting.AssemblyError, match="no photon field"):
        fitting.assemble(dark, {"aperture": spectrum("aperture")})
    lit = scene("electron", Light())
    with pytest.raises(fitting.AssemblyError, match="did you mean 'inverse-compton'"):
        fitting.assemble(lit, {"aperture": spectrum("aperture")}, fitting.Options(leptonic=("inverse-comptom",)))
    with pytest.raises(fitting.AssemblyError, match="leptonic is empty"):
        fitting.assemble(lit, {"aperture": spectrum("aperture")}, fitting.Options(leptonic=()))


LIGHT = {
    "magnetic_field": "5 uG",
    "photons": {
        "cmb": {},
        "near": {"temperature": "3000 K", "energy_density": "1 eV / cm3"},
        "far": {"reference": "naima-far-infrared", "energy_density": 0.7},
    },
}


def test_a_composition_is_read_and_written(tmp_path):
    case = {**electron_case(), "priors": {}}
    case["options"] = {"nuclear": {"gas": {"He": 0.1}}}
    problem = read(case, tmp_path)
    again = fitting.load(fitting.write_case(problem, tmp_path / "copy"))
    assert again.options.nuclear == problem.options.nuclear == Composition.of({}, {"He": 0.1})
    for wrong, fragment in (({"gass": {}}, "did you mean 'gas'"), ({"gas": {"He": -1.0}}, "is no number of He")):
        with pytest.raises(CaseError, match=fragment):
            read({**case, "options": {"nuclear": wrong}}, tmp_path)


@pytest.mark.slow
def test_absorption_is_read_and_written(tmp_path):
    case = {**electron_case(), "priors": {}}
    case["options"] = {"absorption": {"cmb": "8500 pc", "naima-far-infrared": 4.0}}
    problem, plain = read(case, tmp_path), read({**case, "options": {}}, tmp_path)
    assert problem.options.absorption == {"cmb": 8.5, "naima-far-infrared": 4.0}
    again = fitting.load(fitting.write_case(problem, tmp_path / "copy"))
    assert again.options.absorption == problem.options.absorption
    ratio = (problem.predict().tables["aperture"] / plain.predict().tables["aperture"])[:, 0]
    assert 0.9 < ratio[2] < 1.0 - 1e-5
    assert ratio[0] == 1.0
    for wrong in ({"cmb": "8 GeV"}, {"cmb": -1.0}):
        with pytest.raises(CaseError, match=r"options\.absorption: cmb: "):
            read({**case, "options": {"absorption": wrong}}, tmp_path)


def test_a_light_is_read_and_written():
    light = build_light(LIGHT, "light")
    assert float(light.magnetic_field) == 5.0
    assert float(light.photons["cmb"].energy_density) == pytest.approx(FIELDS["cmb"].energy_density)
    assert (float(light.photons["far"].energy_density), light.photons["far"].temperature) == (0.7, 30.0)
    assert light.photons["near"].temperature == 3000.0
    spelled = spell_light(light)
    assert spell_light(build_light(spelled, "light")) == spelled
    assert list(build_light({}, "light").photons) == ["cmb"]


@pytest.mark.parametrize(
    ("spec", "fragment"),
    [
        ({"magnetic_feld": 3.0}, "did you mean 'magnetic_field'"),
        ({"magnetic_field": "3 pc"}, "cannot read '3 pc'"),
        ({"magnetic_field": -1.0}, "outside the range"),
        ({"photons": {"dust": {}}}, "unknown photon field 'dust'"),
        ({"photons": {"dust": {"temperature": 20.0}}}, "'energy_density' is missing"),
        ({"photons": {"dust": {"temperature": "20 GeV", "energy_density": 1.0}}}, "cannot read '20 GeV'"),
        ({"photons": {"dust": {"temperature": -20.0, "energy_density": 1.0}}}, "not positive"),
        ({"photons": {"x": {"reference": "cmb", "temperature": 3.0}}}, "is fixed by the reference 'cmb'"),
        ({"photons": ["cmb"]}, "give a table with keys"),
        (3.0, "give a table with keys"),
    ],
)
def test_a_broken_light_is_one_sentence(spec, fragment):
    with pytest.raises(CaseError) as error:
        build_light(spec, "light")
    assert fragment in str(error.value)
    assert str(error.value).startswith("light")


@pytest.mark.parametrize(
    ("spec", "fragment"),
    [
        ({"models": {"sibyll": {"weight": 1.0}}}, "did you mean 'kafexhiu14-sibyll'"),
        ({"models": {"kafexhiu14-sibyll": {"share": 1.0}}}, "known: weight"),
        ({"scale": -1.0}, "outside the range"),
        (3.0, "give a table with keys"),
    ],
)
def test_a_broken_mixture_is_one_sentence(spec, fragment):
    with pytest.raises(CaseError) as error:
        build_hadronic(spec, "hadronic")
    assert fragment in str(error.value)
    assert str(error.value).startswith("hadronic")


def test_a_mixture_is_read_and_written():
    hadronic = build_hadronic({"scale": 1.1, "models": {"kafexhiu14-sibyll": {"weight": 2.0}}}, "hadronic")
    assert (float(hadronic.scale), float(hadronic.models["kafexhiu14-sibyll"].weight)) == pytest.approx((1.1, 2.0))
    spelled = spell_hadronic(hadronic)
    assert spell_hadronic(build_hadronic(spelled, "hadronic")) == spelled


def test_a_case_written_for_0_1_keeps_reading(tmp_path):
    """There [light] held how protons shine."""
    old = electron_case()
    burst = {"log10_energy": 49.0, "log10_age": 4.0}
    protons = {"spectrum": {"index": 2.2, "log10_cutoff": 2.0}, "release": burst}
    old["components"]["protons"] = {**old["components"]["halo"], "source": protons, "transport": "homogeneous"}
    old["light"] |= {"hadronic_scale": 1.2, "models": {"kafexhiu14-sibyll": {"weight": 2.0}}}
    scale = {"dist": "log-normal", "median": 1.0, "sigma": 0.2}
    old["priors"] = {"light.hadronic_scale": scale, **old["priors"]}
    problem = read(old, tmp_path)
    assert float(problem.scene.hadronic.scale) == pytest.approx(1.2)
    assert list(problem.scene.hadronic.models) == ["kafexhiu14-sibyll"]
    assert problem.paths[0] == "hadronic.scale"


def electron_case() -> dict:
    """A case of electrons as TOML would give it."""
    component = {
        "source": {
            "kind": "steady-electrons",
            "injection": {"index": 2.2, "log10_cutoff": 2.0},
            "log10_power": 35.0,
            "log10_age": 4.0,
        },
        "medium": {"reference": "nava16", "log10_chi": -2.0, "delta": 0.3},
        "transport": "cooled",
    }
    return {
        "components": {"halo": component},
        "light": {"photons": {"cmb": {}, "geminga-infrared": {}}},
        "options": {"leptonic": ["inverse-compton"]},
        "view": {"distance": 0.25},
        "tables": {"aperture": {"layout": {**SPEC, "region": CIRCLE}}},
        "priors": {"light.photons.geminga-infrared.energy_density": {"dist": "uniform", "low": 0.1, "high": 1.0}},
    }


@pytest.mark.slow
def test_a_case_of_electrons_is_read_and_written(tmp_path):
    problem = read(electron_case(), tmp_path)
    path = fitting.write_case(problem, tmp_path / "copy")
    again, files = fitting.load(path), {"aperture": "aperture.ecsv"}
    assert spell_case(again, files) == spell_case(problem, files)
    assert again.scene.components["halo"].particle == "electron"
    assert labels(problem) == {"light.photons.geminga-infrared.energy_density": "U of geminga-infrared [eV cm⁻³]"}
    near, far = (problem.predict(dict.fromkeys(problem.paths, v)).tables["aperture"] for v in (0.1, 1.0))
    assert np.all(far > near)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"light": {"models": {"kafexhiu14-sibyll": {}}}, "options": {"hadronic": "kafexhiu14-geant4"}}, "drop one"),
        ({"options": {"leptonic": "inverse-compton"}}, "wrong type"),
        ({"options": {"leptonic": ["synchroton"]}}, "did you mean 'synchrotron'"),
    ],
)
def test_a_broken_case_of_electrons_is_one_sentence(tmp_path, change, fragment):
    with pytest.raises(ValueError) as error:
        read({**electron_case(), "priors": {}, **change}, tmp_path)
    assert fragment in str(error.value)
