"""Shipped cases of cooling electrons: read and written alike, finite over the priors, every parameter felt."""

from __future__ import annotations

from dataclasses import replace

import equinox as eqx
import jax
import numpy as np
import pytest

import fitting
from fitting.cases.case import load, spell_case, write_case
from fitting.cases.files import CaseError, locate_case
from fitting.runs.labels import labels
from jaxcrc.forward import predict
from jaxcrc.scene import bind
from jaxcrc.transport.electrons import Carried, ProperMotion, Wind

CASES = ["geminga-like", "hess_j1825", "hess_j1825/wind", "mgro_j1908"]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_written_cases_are_those_that_were_read(tmp_path, name):
    problem = load(name)
    path = write_case(problem, tmp_path / "copy")
    files = {table: f"{table}.ecsv" for table in problem.tables}
    assert spell_case(load(path), files) == spell_case(problem, files)
    assert np.isfinite(problem.log_density(problem.start()))
    assert all(prior.source for prior in problem.priors.values())
    assert all("_" not in text for text in labels(problem).values() if "E_cut" not in text)


def test_a_clock_or_a_drift_that_is_misspelt_is_named(tmp_path):
    raw = locate_case("mgro_j1908").read_text(encoding="utf-8")
    for old, new, hint in (
        ("period_derivative = 86.7", "period_derivativ = 86.7", "did you mean 'period_derivative'"),
        ('kind = "timing"', 'kind = "timer"', "did you mean 'timing'"),
        ('kind = "cooled"', 'kind = "carried"\ndrift = {kind = "breeze", north = 3.0}', "wind"),
        (
            "[components.halo.transport]",
            '[components.halo]\nparticle = "proton"\n[components.halo.transport]',
            "Pulsar releases electrons",
        ),
    ):
        assert old in raw
        file = tmp_path / "case.toml"
        file.write_text(raw.replace(old, new), encoding="utf-8")
        with pytest.raises(CaseError, match=hint):
            load(file)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_finite_and_felt_over_the_priors(name):
    problem = fitting.load(name)
    draws = problem.sample_prior(jax.random.key(5), 60)
    evaluate = jax.jit(lambda points: jax.lax.map(jax.value_and_grad(problem.posterior.log_density), points))
    value, slopes = evaluate(draws)
    assert np.all(np.isfinite(value))
    for path, slope in slopes.items():
        assert np.all(np.isfinite(slope)), path
        assert np.any(slope != 0.0), path


@pytest.mark.slow
def test_the_index_of_a_nebula_steepens_by_cooling_alone():
    # Without losses worth the name (no field, hardly any light) the photon index is the same in all rings.
    problem = fitting.load("hess_j1825")
    delta = {"components.nebula.medium.delta": 0.0, "components.nebula.medium.log10_chi": 0.5}
    cooled = np.asarray(problem.predict(delta).tables["index"])[0]
    assert cooled[-1] - cooled[0] > 0.2
    dim = {f"light.photons.{name}.energy_density": 1e-6 for name in problem.scene.light.photons}
    scene = bind(problem.scene, {**delta, **dim, "light.magnetic_field": 1e-3})
    flat = np.asarray(predict(scene, problem.setup).tables["index"])[0]
    assert np.ptp(flat) < 1e-3


@pytest.mark.slow
def test_a_halo_that_drifts_is_seen_on_the_sky():
    problem = load("geminga-like")
    options = replace(problem.options, points_per_decade=4)

    def profile(transport):
        scene = eqx.tree_at(lambda s: s.components["halo"].transport, problem.scene, transport)
        other = fitting.Problem(scene, problem.tables, problem.priors, options)
        return np.asarray(predict(other.scene, other.setup).tables["profile"])

    still = profile(problem.scene.components["halo"].transport)
    np.testing.assert_allclose(profile(Carried(Wind(north=0.0))), still, rtol=1e-4)
    # A pulsar of 200 km/s leaves old electrons behind: its halo loses light near by, most in the lowest band.
    moving = profile(Carried(ProperMotion(north=0.0, east=200.0))) / still - 1.0
    assert -0.1 < moving[0, 3] < -0.005
    assert abs(moving[2, 3]) < abs(moving[0, 3])
