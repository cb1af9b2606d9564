"""What a fit finds is what was put in: at the MAP without noise, in the intervals with it."""

import jax
import numpy as np
import pytest

import fitting
from fitting.inference.maximum import inverse
from tests.fitting.halos import CHI, mock_halo

pytestmark = pytest.mark.slow
SEEDS = range(100, 120)  # fixed beforehand
KINDS = ("burst", "continuous")


def fisher(problem: fitting.Problem) -> np.ndarray:
    """Forecast widths (FᵀC⁻¹F)^−½ at the truth, from the derivatives of the prediction."""
    posterior, start = problem.posterior, problem.start()
    data = posterior.data["profile"]
    slopes = jax.jacfwd(lambda v: posterior.predict(v).tables["profile"])(start)
    rows = np.stack([np.asarray(slopes[path] / data.error_lo).ravel() for path in problem.paths])
    return np.sqrt(np.diagonal(inverse(rows @ rows.T)))


@pytest.mark.parametrize("kind", [*KINDS, "ball"])
def test_noise_free_data_give_back_the_truth(kind):
    problem = mock_halo(kind, None)
    best = fitting.find_map(problem)
    for path, truth in problem.tables["profile"].truth.items():
        assert best.values[path] == pytest.approx(truth, rel=0.01), path


@pytest.fixture(scope="module", params=KINDS)
def fits(request):
    """Twenty noisy data sets of one kind, each fitted by NUTS."""
    problems = [mock_halo(request.param, seed) for seed in SEEDS]
    return [(p, fitting.fit(p, seed=seed, warmup=500, draws=1000)) for seed, p in zip(SEEDS, problems, strict=True)]


def test_intervals_cover_and_widths_are_the_forecast(fits):
    covered = dict.fromkeys(fits[0][0].paths, 0)
    ratios = []
    for problem, run in fits:
        truth, forecast = problem.tables["profile"].truth, fisher(problem)
        for path in covered:
            low, high = np.quantile(run.draws[path], (0.025, 0.975))
            covered[path] += low <= truth[path] <= high
        ratios.append([np.std(run.draws[path]) / width for path, width in zip(problem.paths, forecast, strict=True)])
    assert all(count >= 16 for count in covered.values()), covered
    # A single noisy data set moves the width a little; their median is what a forecast is about.
    assert np.median(ratios, axis=0) == pytest.approx(np.ones(len(covered)), abs=0.15), np.median(ratios, axis=0)


def test_chains_meet_and_do_not_diverge(fits):
    """One draw in a thousand, of all twenty together and of each but one: at the far end of a ridge a chain may lose
    several in a row.
    """
    assert max(np.max(run.summary()["r_hat"]) for _, run in fits) < 1.01
    lost, drawn = (np.array([run.about[key] for _, run in fits]) for key in ("divergences", "draws"))
    assert lost.sum() <= 1e-3 * drawn.sum()
    assert np.sum(lost > 1e-3 * drawn) <= 1


def test_a_killed_fit_keeps_what_was_drawn(tmp_path):
    def stop(stage: str, done: int, *_: int) -> None:
        if stage == "NUTS" and done == 200:
            raise RuntimeError("as a kill would")

    with pytest.raises(RuntimeError, match="as a kill"):
        fitting.fit(mock_halo("burst", 1), warmup=100, draws=200, chunk=50, progress=stop, folder=tmp_path / "run")
    kept = fitting.Run.load(tmp_path / "run")
    assert not kept.about["complete"]
    assert kept.draws[CHI].shape == (4, 100)


def test_a_saved_run_has_the_same_summary(tmp_path):
    problem = mock_halo("burst", 1)
    run = fitting.fit(problem, seed=0, warmup=100, draws=100)
    run.save(tmp_path / "run")
    again = fitting.Run.load(tmp_path / "run")
    one, two = run.summary(), again.summary()
    for column in one.colnames:
        if one[column].dtype.kind == "f":
            np.testing.assert_array_equal(one[column], two[column])
    assert again.draws[CHI].shape == run.draws[CHI].shape
