"""A simulated halo of cooling electrons gives its diffusion coefficient back at the MAP."""

import pytest

import fitting


@pytest.mark.slow
def test_diffusion_of_a_geminga_like_halo_is_recovered():
    problem = fitting.load("geminga-like")
    truth = problem.tables["profile"].truth
    run = fitting.fit(problem, method="map")
    assert run.about["map_converged"]
    # The errors of the fit are 0.013 dex in χ (κ at 100 TeV) and 0.04 in δ: within three of them.
    for path, error in run.best_errors.items():
        assert abs(float(run.best[path]) - truth[path]) < 3.0 * error, path
    assert run.best_errors["components.halo.medium.log10_chi"] < 0.05
    assert run.best_errors["components.halo.medium.delta"] < 0.1
    assert run.about["status"]["BELOW_BOHM"] == 0.0
