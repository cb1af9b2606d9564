"""Energy grids go as far as the tables' photons feed on, whatever the cut-off and wherever priors may raise it."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.layout import blank_table
from fitting.setup.grids import energy_grids
from jaxcrc import PowerLaw, Scene, View, bind, hadronic_emission
from tests.fitting.halos import CHI, halo

CUTOFF = "components.halo.source.spectrum.log10_cutoff"


def table(*photons: float) -> fitting.Table:
    circle = {"shape": "circle", "radius": 3.0, "centre": (0.0, 0.0)}
    spec = {"kind": "e2dnde", "unit": "erg / (cm2 s)", "e_ref": list(photons), "region": circle}
    return blank_table("table", spec, "tables.table.layout")


def grid(cutoff: float, highest: float, **options) -> np.ndarray:
    """Kinetic energies [GeV] for a cut-off [GeV] and the highest photon [GeV]."""
    scene = bind(halo("burst"), {CUTOFF: np.log10(cutoff / 1e3)})
    return np.asarray(energy_grids(scene, {"table": table(10.0, highest)}, fitting.Options(**options))["halo"].kinetic)


@pytest.fixture(scope="module")
def light() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photon energies, proton energies far beyond any grid [GeV], and the light that each proton energy adds."""
    photon, kinetic = np.array([1e3, 1e4, 1e5, 4e5, 1.4e6]), np.geomspace(1e3, 1e9, 181)
    return photon, kinetic, np.asarray(hadronic_emission(photon, kinetic, "kelner06", nuclear="none"))


@pytest.mark.parametrize("index", [2.2, 2.7])
@pytest.mark.parametrize("cutoff", [1e5, 1e6, 3e6, 1e7])
def test_next_to_no_light_is_lost_beyond_the_end(light, index, cutoff):
    """For cut-offs to 10 PeV and photons to 1.4 PeV, of the highest and of lower photons."""
    photon, kinetic, matrix = light
    for highest in (1e4, 1e5, 4e5, 1.4e6):
        each = matrix * np.asarray(PowerLaw(index=index, log10_cutoff=np.log10(cutoff) - 3.0)(kinetic))
        lost = each[:, kinetic > grid(cutoff, highest)[-1]].sum(axis=1) / each.sum(axis=1)
        assert np.max(lost[photon <= highest]) < 3e-3, highest


def test_a_prior_that_raises_the_cut_off_raises_the_end():
    low, high = grid(1e5, 1.4e6), grid(1e7, 1.4e6)
    assert low[-1] == pytest.approx(1e7)
    assert high[-1] > 9e7
    np.testing.assert_array_equal(grid(1e5, 1.4e6, spans={CUTOFF: (1.0, 4.0)}), high)
    free = {CUTOFF: dist.Uniform(1.0, 4.0), CHI: dist.Uniform(-3.0, 0.0)}
    scene = bind(halo("burst"), {CUTOFF: 2.0})
    problem = fitting.Problem(
        scene, {"table": table(10.0, 1.4e6)}, free, fitting.Options(hadronic="kelner06", nuclear="none")
    )
    np.testing.assert_array_equal(problem.setup.energy["halo"].kinetic, high)
    assert any("1.4 PeV" in note and "extrapolated" in note for note in problem.notes)


def test_what_a_case_says_of_the_end_holds():
    assert grid(1e7, 1.4e6, energy_max=2e6)[-1] == pytest.approx(2e6)


@pytest.mark.parametrize("cutoff", [1e4, 1e6])
def test_where_the_cut_off_ends_the_light_the_grid_stays(cutoff):
    """A power law feeds a photon from a thousand times its energy; 10 PeV are enough for most cut-offs."""
    assert grid(cutoff, 300.0)[-1] == pytest.approx(3e5)
    assert grid(cutoff, 3e4)[-1] == pytest.approx(1e7)


@pytest.mark.parametrize("model", ["kelner06", "kafexhiu14-pythia8", "aafrag"])
def test_hadronic_models_give_numbers_as_far_as_grids_reach(model):
    energy = np.geomspace(1e6, 1.5e8, 45)
    matrix = np.asarray(hadronic_emission(np.array([1e5, 1.4e6]), energy, model, nuclear="none"))
    assert np.all(np.isfinite(matrix))
    assert np.all(np.sum(matrix, axis=1) > 0.0)


def test_all_components_of_a_particle_count():
    """The grid of all protons follows the highest cut-off among them; a sea has none."""
    one, two = (bind(halo("burst"), {CUTOFF: log10}).components["halo"] for log10 in (2.0, 4.0))
    scene = Scene({"one": one, "two": two}, View(distance=1.0))
    grids = energy_grids(scene, {"table": table(1.4e6)}, fitting.Options())
    np.testing.assert_array_equal(grids["one"].kinetic, grids["two"].kinetic)
    assert float(jnp.max(grids["one"].kinetic)) > 9e7
