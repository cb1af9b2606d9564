"""The summary: what is quoted, at which energies, and which of them the data see."""

from __future__ import annotations

import copy
import dataclasses

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.diagnostics import effective_sample_size

import fitting
from fitting.inference.fit import Settings, _about, _drops
from fitting.inference.maximum import Map
from fitting.inference.nuts import Chains
from fitting.runs import feeds
from fitting.runs.feeds import Feeds, feeding
from fitting.runs.run import Run
from fitting.runs.summary import derived, diagnostics, status_fractions
from fitting.runs.used import NONE, hadronic_words, nuclear_words
from jaxcrc.emission.composition import Composition
from jaxcrc.emission.shares import Hadronic, Share
from jaxcrc.transport.base import Status
from tests.fitting.halos import CHI, DELTA


def run_of(problem: fitting.Problem) -> Run:
    rng = np.random.default_rng(3)
    start = {path: float(value) for path, value in problem.start().items()}
    draws = {path: value + 0.01 * rng.normal(size=(4, 20)) for path, value in start.items()}
    prior = {path: value + rng.normal(size=50) for path, value in start.items()}
    return Run(problem, draws, prior, {}, start, dict.fromkeys(start, 0.01), {"method": "nuts", "sampled": True})


@pytest.mark.parametrize("bit", [bit for bit in Status if bit])
def test_each_status_bit_is_counted_alone(bit):
    found = status_fractions(np.array([0, int(bit), int(bit), int(bit) | int(Status.FAILED)]))
    assert found[bit.name] == 0.75
    assert found["FAILED"] == (0.75 if bit is Status.FAILED else 0.25)
    assert sum(found.values()) == 0.75 + (0.25 if bit is not Status.FAILED else 0.0)


def test_tail_size_is_that_of_the_outer_twentieths():
    """min ESS of I(x ≤ q) at q of 5 and 95 %, by NumPyro's estimator; the middle of a slow chain has fewer."""
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(4, 2000))
    chain = np.zeros_like(steps)
    for i in range(1, steps.shape[1]):
        chain[:, i] = 0.9 * chain[:, i - 1] + steps[:, i]
    halves = chain.reshape(8, 1000)
    beyond = [effective_sample_size(1.0 * (halves <= np.quantile(chain, q))) for q in (0.05, 0.95)]
    assert diagnostics(chain)["ess_tail"] == pytest.approx(min(beyond), rel=0.02)


# --- which particles the data see


def test_every_measured_point_counts_once(burst):
    mask = {"profile": jnp.asarray(burst.tables["profile"].measured)}
    shares = feeds._shares(burst.posterior, burst.start(), mask)
    assert float(shares["halo"].sum()) == pytest.approx(int(mask["profile"].sum()), rel=1e-6)
    half = {"profile": mask["profile"].at[2:].set(False)}
    assert float(feeds._shares(burst.posterior, burst.start(), half)["halo"].sum()) == pytest.approx(40, rel=1e-6)


def test_shares_are_what_a_prediction_loses(burst):
    # A tenth less emission by protons of some energies, against predictions made anew.
    mask = {"profile": jnp.asarray(burst.tables["profile"].measured)}
    share = np.asarray(feeds._shares(burst.posterior, burst.start(), mask)["halo"])
    energies = np.arange(share.size)
    window = (energies > share.size // 4) & (energies < share.size // 2)
    factors = {"halo": jnp.where(jnp.asarray(window), 0.9, 1.0)}
    full = burst.predict().tables["profile"]
    setup = burst.posterior.setup
    dimmed = {n: tuple(feeds._dimmed(r, factors) for r in several) for n, several in setup.response.items()}
    less = jax.jit(feeds.predict)(burst.scene, feeds.Setup(setup.energy, dimmed)).tables["profile"]
    assert float(np.sum(1.0 - np.asarray(less) / np.asarray(full))) == pytest.approx(
        0.1 * share[window].sum(), rel=1e-6
    )


def test_higher_photons_come_of_higher_particles(burst):
    by_band = []
    for row in range(4):
        mask = np.zeros((4, 20), bool)
        mask[row] = True
        table = dataclasses.replace(burst.tables["profile"], used=mask)
        one = fitting.Problem(burst.scene, {"profile": table}, burst.priors, burst.options)
        by_band.append(feeding(one, one.start())["halo"])
    middle = np.array([found.middle for found in by_band])
    photon = burst.tables["profile"].photon
    assert np.all(np.diff(middle) > 0.0)
    assert np.all(middle > 3.0 * photon)  # a proton gives a photon a tenth of its energy
    assert np.all(middle < 60.0 * photon)
    whole = feeding(burst, burst.start())["halo"]
    assert middle[0] < whole.middle < middle[-1]
    assert whole.low < by_band[1].middle < whole.high


def test_quantiles_of_shares():
    momentum = np.geomspace(1.0, 1e4, 401)
    share = np.exp(-0.5 * (np.log(momentum / 100.0) / 0.7) ** 2)
    found = feeds._quantiles(momentum, share)
    np.testing.assert_allclose(np.log(found), np.log(100.0) + 0.7 * np.array([-0.9945, 0.0, 0.9945]), atol=0.01)
    assert feeds._quantiles(momentum, np.zeros(401)) is None
    assert Feeds(1.0, 2.0, 3.0).holds(1.0)
    assert not Feeds(1.0, 2.0, 3.0).holds(3.1)


# --- what is quoted


def test_summary_quotes_what_is_asked_for_and_says_what_is_extrapolated(burst):
    table = run_of(burst).summary(["300 TeV", 50.0])
    names = list(table["parameter"])
    assert {"halo: kappa(300 TeV)", "halo: chi(50 GeV; nava16)", "halo: chi(300 TeV; bc18)"} <= set(names)
    assert {"halo: kappa(10 TeV)", "halo: chi(10 GeV; nava16)"} <= set(names)
    low, middle, high = table.meta["feeds"]["halo"]
    assert low < middle < high
    for name, (_, _, energy) in derived(burst, run_of(burst).draws, table.meta["energies"]).items():
        assert (name in table.meta["extrapolated"]) is not (low <= energy <= high)
    row = dict(zip(names, table["q50"], strict=True))
    draws = run_of(burst).draws
    expected = np.median(1e28 * 10.0 ** draws[CHI] * (3e5 / 10.0) ** draws[DELTA])
    assert row["halo: kappa(300 TeV)"] == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ValueError, match="no energy; give one such as '100 TeV'"):
        run_of(burst).summary([-3.0])


# --- what was used


def changed(burst: fitting.Problem, **parts) -> fitting.Problem:
    """The problem with other words in its options and scene: matrices stay as they are."""
    found = copy.copy(burst)
    found.options = dataclasses.replace(burst.options, **{k: v for k, v in parts.items() if k == "nuclear"})
    hadronic = parts.get("hadronic", burst.scene.hadronic)
    found.scene = dataclasses.replace(burst.scene, hadronic=hadronic)
    found.posterior = dataclasses.replace(burst.posterior, scene=found.scene)
    return found


HELIUM = Composition.of({"He": 0.07}, {"He": 0.1})


def test_each_hadronic_model_of_a_mixture_is_named_with_its_share(burst):
    assert hadronic_words(burst, burst.start()) == "kafexhiu14-pythia8; for the protons of halo"
    mixture = Hadronic(models={"kelner06": Share(weight=3.0), "aafrag": Share(weight=1.0)})
    mixed = changed(burst, hadronic=mixture)
    assert hadronic_words(mixed, mixed.start()) == (
        "aafrag (25 %, kafexhiu14-geant4 below 3.06 GeV) and kelner06 (75 %), shares at the MAP, the same at all "
        "energies; for the protons of halo"
    )
    assert "50 %" in hadronic_words(mixed, {**mixed.start(), "hadronic.models.aafrag.weight": 3.0})
    assert nuclear_words(changed(burst, nuclear=HELIUM)) == "composition (cosmic rays: He 0.07; gas: He 0.1)"
    assert nuclear_words(changed(burst, nuclear=1.8)) == "factor 1.8"


def test_no_hadronic_model_is_named_where_no_protons_shine(burst):
    table = dataclasses.replace(burst.tables["profile"], kind="cr_energy_density", unit=u.Unit("eV / cm3"))
    density = copy.copy(burst)
    density.tables = {"profile": table}
    assert hadronic_words(density, density.start()) == nuclear_words(density) == NONE


def test_a_run_of_nuclei_can_be_summarised_and_written(burst, tmp_path):
    problem = changed(burst, nuclear=HELIUM)
    run = run_of(problem)
    best = Map(run.best, np.zeros(4), 0.0, np.zeros((4, 4)), run.best_errors, True, np.zeros((1, 4)))
    about = _about(problem, 0, Settings(), best, Chains(run.draws, {}, True, {"drop": 1.7}))
    assert about["drop"] == 1.7
    told = dataclasses.replace(run, about={**about, "method": "map", "sampled": False})
    told.summary().write(tmp_path / "summary.ecsv", format="ascii.ecsv")
    assert "He 0.07" in (tmp_path / "summary.ecsv").read_text(encoding="utf-8")
    assert "He 0.07" in told.to_datatree().attrs["about"]


@pytest.mark.slow
def test_draws_drop_as_the_density_does(burst):
    centre = jnp.asarray(burst.posterior.unconstrain(burst.start()))
    unit = jax.random.normal(jax.random.key(0), (200, 4))
    flat = _drops(burst.posterior, jnp.broadcast_to(centre, unit.shape), centre, unit)
    assert flat["drop"] == pytest.approx(0.0, abs=1e-6)
    assert flat["drop_expected"] == pytest.approx(1.68, abs=0.25)  # half the median of χ² of 4
    assert _drops(burst.posterior, centre + 0.5 * unit, centre, unit)["drop"] > 10.0 * flat["drop_expected"]
