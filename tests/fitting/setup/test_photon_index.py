"""Tables of photon indices: what is compared, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import astropy.units as u
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.tables.describe import describe
from fitting.tables.files import read_table, write_table
from jaxcrc.forward import mean_slope, predict


@pytest.fixture(scope="module")
def halo():
    """The simulated halo, seen once by its brightness at the ends of two bands and once by its indices between them."""
    problem = fitting.load("geminga-like")
    table = problem.tables["profile"]
    ends = replace(
        table, unit=u.Unit("1 / (GeV cm2 s sr)"), e_min=None, e_max=None, e_ref=np.array([1e3, 2e4, 1e5]), truth=None
    )
    index = replace(
        table, kind="photon_index", unit=u.Unit(""), value=np.full((2, 30), 2.5), error_lo=np.full((2, 30), 0.1),
        error_hi=np.full((2, 30), 0.1), is_ul=np.zeros((2, 30), bool), used=np.ones((2, 30), bool),
        e_min=np.array([1e3, 2e4]), e_max=np.array([2e4, 1e5]), truth=None, psf=table.psf[:2],
    )  # fmt: skip
    return problem, ends, index


@pytest.mark.slow
def test_index_is_the_slope_between_the_ends_of_the_band(halo):
    problem, ends, index = halo
    both = fitting.Problem(problem.scene, {"ends": ends, "index": index}, problem.priors, problem.options)
    tables = predict(both.scene, both.setup).tables
    light = np.asarray(tables["ends"])
    slopes = -np.diff(np.log(light), axis=0) / np.log([[20.0], [5.0]])
    np.testing.assert_allclose(tables["index"], slopes, rtol=1e-6)
    # Electrons cool on their way: the index grows outwards, and with energy.
    assert np.all(np.diff(slopes[0][:15]) > 0.0)
    assert np.all(slopes[1] > slopes[0])


@pytest.mark.slow
def test_a_psf_for_each_band(halo):
    problem, _, index = halo
    wide = replace(index, psf=(("gaussian", 0.35), ("gaussian", 0.7)))
    found = [
        np.asarray(predict(p.scene, p.setup).tables["index"])
        for p in (fitting.Problem(problem.scene, {"index": t}, problem.priors, problem.options) for t in (index, wide))
    ]
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-9)
    assert np.max(np.abs(found[0][1] - found[1][1])) > 0.01


def test_a_power_law_has_its_index_and_darkness_no_nan():
    light = jnp.array([[1e-9, 3e-9, 0.0], [1e-9 * 5**-2.3, 3e-9 * 5**-1.8, 0.0]])
    np.testing.assert_allclose(mean_slope(light, jnp.log(jnp.array([5.0])))[0], [2.3, 1.8, 0.0], rtol=1e-12)


def test_a_level_is_refused(halo):
    problem, _, index = halo
    priors = {**problem.priors, "data.index.scale": fitting.Prior(dist.LogNormal(0.0, 0.1))}
    with pytest.raises(ValueError, match="an index has no level"):
        fitting.Problem(problem.scene, {"index": index}, priors, problem.options)
    open_band = replace(index, e_max=np.array([2e4, np.inf]))
    with pytest.raises(ValueError, match="bands with an end"):
        fitting.Problem(problem.scene, {"index": open_band}, problem.priors, problem.options)


def test_file_there_and_back(halo, tmp_path):
    write_table(halo[2], tmp_path / "index.ecsv")
    again = read_table(tmp_path / "index.ecsv")
    assert again.kind == "photon_index"
    assert again.is_mean
    assert "mean slope of the spectrum of each annulus" in describe(again)
