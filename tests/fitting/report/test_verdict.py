"""The verdict says what the draws show: constructed runs with known answers."""

from __future__ import annotations

import dataclasses
import re

import astropy.units as u
import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import fitting
from fitting.report import belief, predictive
from fitting.report.agreement import agreement
from fitting.report.combinations import best_combinations, combine
from fitting.report.compare import side_by_side
from fitting.report.predictive import misfits
from fitting.report.verdict import verdict
from fitting.runs.run import Run
from fitting.tables.regions import Annuli
from jaxcrc import (
    Burst,
    Homogeneous,
    Model,
    Point,
    PowerLaw,
    PowerLawDiffusion,
    Released,
    Scene,
    SuppressedDiffusion,
    UniformGas,
    View,
)

CHI, DELTA = "components.halo.medium.log10_chi", "components.halo.medium.delta"
WORK, INDEX = "components.halo.source.release.log10_energy", "components.halo.source.spectrum.index"
PRIORS = {CHI: (-2.0, 1.0), DELTA: (0.4, 0.2), WORK: (49.5, 1.0), INDEX: (2.5, 0.2)}
NAMES = {CHI: "log₁₀ χ (10 GeV; nava16)", DELTA: "δ", WORK: "log₁₀ W", INDEX: "index α"}
CENTRE = {CHI: -1.5, DELTA: 0.4, WORK: 49.5, INDEX: 2.5}
CHAINS, SIZE = 4, 500


def scene(medium=None) -> Scene:
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), Burst(log10_energy=49.5, log10_age=4.3), Point())
    medium = medium or SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="nava16")
    return Scene({"halo": Model(source, medium, Homogeneous())}, View(distance=1.0), {}, UniformGas(density=10.0))


def rings(**extra) -> fitting.Table:
    ones = np.ones((1, 3))
    parts = {"value": ones, "error_lo": 0.1 * ones, "error_hi": 0.1 * ones, "is_ul": ones < 0, "used": ones > 0}
    where = {"region": Annuli((83.6, 22.0), np.array([0.0, 0.5, 1.0]), np.array([0.5, 1.0, 1.5]))}
    band = {"e_min": np.array([1e3]), "e_max": np.array([1e4])}
    full = {"name": "rings", "kind": "surface_brightness", "unit": u.Unit("1 / (cm2 s sr)"), **parts, **where, **band}
    return fitting.Table(**{**full, **extra})


def normal_priors() -> dict:
    """Normal priors; that of the index ends where the model does, five widths away."""
    free = {path: dist.Normal(mean, sd) for path, (mean, sd) in PRIORS.items()}
    return {**free, INDEX: dist.TruncatedNormal(*PRIORS[INDEX], low=1.5, high=3.5)}


@pytest.fixture(scope="module")
def problem() -> fitting.Problem:
    blank = fitting.Problem(scene(), {"rings": rings()}, normal_priors(), fitting.Options(points_per_decade=6))
    level = np.asarray(blank.predict(CENTRE).tables["rings"])
    shift = np.array([[1.0, -2.0, 0.5]])
    data = rings(value=level * (1.0 + 0.1 * shift), error_lo=0.1 * level, error_hi=0.1 * level)
    return fitting.Problem(scene(), {"rings": data}, normal_priors(), blank.options)


def draw(
    widths: dict[str, float], correlation: dict[tuple[str, str], float] | None = None, chains: int = CHAINS
) -> dict:
    """Gaussian draws around the centre, in units of the prior's sd, with the given correlations."""
    paths = list(PRIORS)
    matrix = np.eye(len(paths))
    for (one, two), value in (correlation or {}).items():
        i, j = paths.index(one), paths.index(two)
        matrix[i, j] = matrix[j, i] = value
    z = np.random.default_rng(3).normal(size=(chains, SIZE, len(paths))) @ np.linalg.cholesky(matrix).T
    return {path: CENTRE[path] + widths.get(path, 1.0) * PRIORS[path][1] * z[..., i] for i, path in enumerate(paths)}


def run_of(problem: fitting.Problem, draws: dict, **about) -> Run:
    prior = {path: np.asarray(v) for path, v in problem.sample_prior(jax.random.key(1), 4000).items()}
    size = next(iter(draws.values())).size
    told = {"method": "nuts", "complete": True, "map_converged": True, "divergences": 0, "draws": size}
    told |= {"status": {"FAILED": 0.0, "SUPERLUMINAL": 0.0, "BELOW_BOHM": 0.0}}
    return Run(problem, draws, prior, {}, dict(CENTRE), dict.fromkeys(CENTRE, 0.1), {**told, **about})


def about(run: Run, start: str) -> str:
    found = [text for text in verdict(run) if text.startswith(start)]
    assert len(found) == 1, (start, found)
    return found[0]


TIGHT = dict.fromkeys(PRIORS, 0.1)


# --- can the chains be believed?


def test_mixed_chains_are_believed(problem):
    text = verdict(run_of(problem, draw(TIGHT)))[0]
    assert text.startswith("The chains can be believed: R-hat at most 1.00")
    assert "0 divergences in 2000 draws (0 %)" in text


def test_chains_apart_are_not_believed(problem):
    draws = draw(TIGHT)
    draws[DELTA] = draws[DELTA] + 0.05 * np.arange(CHAINS)[:, None]
    text = verdict(run_of(problem, draws))[0]
    assert text.startswith("The chains cannot be believed yet")
    assert "(δ)" in text
    assert "R-hat should be below 1.01" in text


def test_divergences_are_a_fault(problem):
    text = verdict(run_of(problem, draw(TIGHT), divergences=40))[0]
    assert text.startswith("The chains cannot be believed yet")
    assert "40 divergences in 2000 draws (2 %)" in text
    assert "raise target_accept" in text
    assert verdict(run_of(problem, draw(TIGHT), divergences=2))[0].startswith("The chains can be believed")


@pytest.mark.parametrize(
    ("column", "value"), [("r_hat", 1.02), ("ess_bulk", 390.0), ("ess_tail", 390.0), ("ess_tail", 20.0)]
)
@pytest.mark.parametrize("others", [1000.0, np.nan])
def test_no_poor_diagnostic_is_forgiven(problem, column, value, others):
    run = run_of(problem, draw(TIGHT))
    rows = {path: {"r_hat": 1.0, "ess_bulk": 1000.0, "ess_tail": 1000.0} for path in PRIORS}
    assert belief.weigh(run, rows).words.startswith("The chains can be believed: ")
    rows[WORK] = dict.fromkeys(rows[WORK], np.nan) if np.isnan(others) else rows[WORK]
    rows[DELTA] = {**rows[DELTA], column: value}
    found = belief.weigh(run, rows)
    assert found.words.startswith("The chains cannot be believed yet")
    assert not found.stands
    assert "(δ" in found.words
    assert ("unknown for others" in found.words) is bool(np.isnan(others))


def test_a_gaussian_around_the_map_is_measured_against_the_density(problem):
    draws = draw(TIGHT, chains=1)
    near = run_of(problem, draws, method="map", drop=1.9, drop_expected=1.7)
    text = " ".join(verdict(near))
    assert "not the posterior" in text
    assert "use method 'nuts'" not in text
    assert "established" not in text
    far = run_of(problem, draws, method="map", drop=11.0, drop_expected=2.2)
    text = verdict(far)[0]
    assert "The density is not Gaussian: the draws lie 11.0 in ln p below the centre in the middle, where 2.2" in text
    assert "use method 'nuts'" in text
    assert "p at the MAP" in about(far, "Fit at")
    assert "posterior-predictive" in about(near, "Fit at")
    assert not belief.is_gaussian(np.nan, 2.2)
    assert not belief.is_gaussian(0.3, 2.2)
    assert not belief.is_gaussian(np.inf, 2.2)


def test_few_chains_are_unknown_not_fine(problem):
    text = verdict(run_of(problem, draw(TIGHT, chains=2)))[0]
    assert text.startswith("Whether the chains can be believed is unknown")
    assert "R-hat at most unknown" in text


def test_laplace_draws_are_called_an_approximation(problem):
    text = verdict(run_of(problem, draw(TIGHT, chains=1), method="map"))[0]
    assert "Gaussian approximation" in text
    assert "unknown" in text
    failed = run_of(problem, draw(TIGHT, chains=1), method="map", map_converged=False)
    assert "did not converge" in verdict(failed)[0]


def test_interrupted_sampling_is_told(problem):
    assert "interrupted" in verdict(run_of(problem, draw(TIGHT), complete=False))[0]
    assert "read medians, not the MAP" in verdict(run_of(problem, draw(TIGHT), map_converged=False))[0]


# --- the result


def test_kappa_comes_first_and_agrees_with_the_draws(problem):
    draws = draw(TIGHT)
    text = about(run_of(problem, draws), "Diffusion (halo): its measured light comes from particles around ")
    # κ = χ 10²⁸ (E/10 GeV)^δ cm²/s in momentum, which at these energies is the kinetic energy within 1e-4 at 10 TeV.
    kappa = 1e28 * 10.0 ** draws[CHI] * 1000.0 ** draws[DELTA]
    low, middle, high = np.quantile(kappa, (0.025, 0.5, 0.975))
    found = re.search(r"κ_s\(10 TeV\) = ([\d.]+) × 10²⁷ cm² s⁻¹ \[\(([\d.]+) to ([\d.]+)\) × 10²⁷", text)
    np.testing.assert_allclose([float(x) * 1e27 for x in found.groups()], [middle, low, high], rtol=0.03)
    for reference in ("χ(10 GeV; nava16)", "χ(10 TeV; nava16)", "χ(10 GeV; bc18)", "χ(10 TeV; bc18)"):
        assert f"{reference} = " in text
    seen, _, beyond = text.partition("Extrapolated")
    assert seen.index("κ_s(10 TeV)") < seen.index("χ(10 TeV; nava16)") < seen.index("δ = ")
    assert "10 GeV" not in seen
    assert "TeV" not in beyond


def test_no_chi_stands_without_its_reference(problem):
    for text in verdict(run_of(problem, draw(dict.fromkeys(PRIORS, 0.6)))):
        bare = re.sub(r"χ ?\([^)]*; (nava16|bc18)\)|χ [<>] 1|P\(χ < 1\)|lower χ|raise χ|χ² = ", "", text)
        assert "χ" not in bare, bare


def test_suppression_is_established_only_where_the_draws_show_it(problem):
    text = about(run_of(problem, draw(TIGHT)), "Diffusion")
    assert "χ < 1 (slower diffusion than κ₀) is established at 95 % for χ(10 TeV; nava16)" in text
    assert "Neither" not in text
    draws = draw(TIGHT)
    draws[CHI] = draws[CHI] + 1.8  # around χ = 1 of nava16 at 10 TeV, 0.22 of bc18
    text = about(run_of(problem, draws), "Diffusion")
    assert "Neither χ < 1 nor χ > 1 is established at 95 % for χ(10 TeV; nava16) (P(χ < 1) = " in text
    assert "χ < 1 (slower diffusion than κ₀) is established at 95 % for χ(10 TeV; bc18)" in text
    draws[CHI] = draws[CHI] + 2.0
    assert "χ > 1 (faster diffusion than κ₀) is established at 95 % for χ(10 TeV; nava16)" in about(
        run_of(problem, draws), "Diffusion"
    )


@pytest.mark.parametrize("shift", [-3.5, -1.0, 0.0, 3.0])
def test_nothing_is_established_where_the_data_do_not_look(problem, shift):
    draws = draw(TIGHT)
    draws[CHI] = draws[CHI] + shift
    text = about(run_of(problem, draws), "Diffusion")
    low, high = (float(x) for x in re.search(r"68 % of it from ([\d.]+) TeV to ([\d.]+) TeV", text).groups())
    for sentence in text.split(". "):
        for value, unit in re.findall(r"χ\(([\d.]+) (\w+);", sentence):
            inside = low <= float(value) * {"GeV": 1e-3, "TeV": 1.0}[unit] <= high
            assert inside or sentence.startswith("Extrapolated"), sentence


@pytest.mark.parametrize("shift", [0.0, -2.6, -3.0, -5.0])
def test_draws_below_the_bohm_limit_are_told_and_establish_nothing(problem, shift):
    draws = draw(TIGHT)
    draws[CHI] = draws[CHI] + shift
    run = dataclasses.replace(run_of(problem, draws), best={**CENTRE, CHI: CENTRE[CHI] + shift})
    text = about(run, "Diffusion")
    high = run.summary().meta["feeds"]["halo"][2]  # where κ/κ_B ~ E^(δ − 1) is least
    # c r_L/3 [cm² s⁻¹]; r_L = 1.081 pc for 1 PeV in 1 µG.
    limit = 2.998e10 / 3.0 * 1.081 * (high / 1e6) / 3.0 * 3.0857e18
    share = float(np.mean(1e28 * 10.0 ** draws[CHI] * (high / 10.0) ** draws[DELTA] < limit))
    assert ("below the Bohm limit" in text) is (share > 0.0)
    if share > 0.0:
        assert float(re.search(r"In ([\d.]+) % of the draws κ lies below", text)[1]) == pytest.approx(
            100 * share, abs=0.6
        )
    assert ("χ < 1 (slower" in text) is (share <= 0.5)


def test_held_diffusion_is_called_held(problem):
    free = {WORK: dist.Normal(49.5, 1.0)}
    medium = PowerLawDiffusion(log10_kappa=28.0, delta=0.5)
    held = fitting.Problem(scene(medium), problem.tables, free, problem.options)
    draws = {WORK: 49.5 + 0.1 * np.random.default_rng(0).normal(size=(CHAINS, SIZE))}
    run = dataclasses.replace(run_of(held, draws), best={WORK: 49.5}, best_errors={WORK: 0.1})
    assert about(run, "Diffusion (halo) is held: ").count("κ_s(10 TeV) = 3.16 × 10²⁹ cm² s⁻¹") == 1


# --- what decided it


def test_a_map_at_the_edge_of_a_prior_is_told(problem):
    run = run_of(problem, draw(TIGHT))
    assert not [text for text in verdict(run) if text.startswith("The MAP lies")]
    run = dataclasses.replace(run, best={**run.best, INDEX: 1.5})
    assert "edge of the priors: index α = 1.5." in about(run, "The MAP lies")
    assert "read medians" in about(run, "The MAP lies")
    far = dataclasses.replace(run, about={**run.about, "method": "map", "drop": 11.0, "drop_expected": 1.7})
    assert "read medians" not in " ".join(verdict(far))


def test_prior_and_data_are_named_as_what_decided(problem):
    run = run_of(problem, draw({CHI: 0.1, DELTA: 0.65, WORK: 0.95, INDEX: 0.2}))
    text = about(run, "The data decided")
    assert text.startswith("The data decided log₁₀ χ (10 GeV; nava16) and index α (")
    assert "Data and prior together decided δ." in text
    assert "Decided by the prior: log₁₀ W; read these as assumptions" in text


def test_correlated_pairs_are_named_with_their_sign(problem):
    run = run_of(problem, draw(TIGHT, {(CHI, WORK): -0.95, (DELTA, INDEX): 0.3}))
    text = about(run, "Strongly correlated")
    assert re.search(r"χ \(10 GeV; nava16\) and log₁₀ W \(ρ = −0\.9\d: one can rise as the other falls; ", text)
    assert "index α" not in text
    assert not any(t.startswith("Strongly correlated") for t in verdict(run_of(problem, draw(TIGHT))))


def test_a_degenerate_product_is_known_though_neither_factor_is(problem):
    # χ and W each as wide as the prior, their sum known to 0.1: as an energy against what divides it.
    draws = draw({})
    rng = np.random.default_rng(8)
    half = 0.5 * (draws[CHI] - CENTRE[CHI] - draws[WORK] + CENTRE[WORK])
    noise = 0.05 * rng.normal(size=half.shape)
    draws[CHI], draws[WORK] = CENTRE[CHI] + half + noise, CENTRE[WORK] - half + noise
    run = run_of(problem, draws)
    combinations, decided = best_combinations(run)
    assert decided == 1
    (best,) = combinations
    assert set(best.weights) == {CHI, WORK}
    np.testing.assert_allclose(list(best.weights.values()), 1.0, atol=0.03)
    assert best.sd == pytest.approx(0.1, rel=0.1)
    assert best.prior_sd == pytest.approx(np.sqrt(2.0), rel=0.05)
    text = about(run, "What the data constrain: 1 of 4 directions")
    assert "is known to ±0.1" in text
    assert "far better than any of them alone" in text


def test_combinations_are_sums_over_the_draws(problem):
    run = run_of(problem, draw(TIGHT))
    found = combine(run, {CHI: 1.0, DELTA: -2.0})
    flat = run.flat()
    assert found.sd == pytest.approx(np.std(flat[CHI] - 2.0 * flat[DELTA]))
    assert found.prior_sd == pytest.approx(np.std(run.prior[CHI] - 2.0 * run.prior[DELTA]))


def test_data_that_say_nothing_are_called_so(problem):
    assert about(run_of(problem, draw({})), "No direction in the space").endswith("the data say little.")


# --- fit, validity, truth


def test_fit_quality_is_chi_squared(problem):
    text = about(run_of(problem, draw(dict.fromkeys(PRIORS, 1e-9))), "Fit at the MAP, 4 free parameters: rings: ")
    # Residuals of 1, −2 and 0.5 σ, all draws at the MAP.
    expected = stats.chi2.sf(5.25, 3)
    found = re.search(r"χ² = ([\d.]+) for 3 points, posterior-predictive p = ([\d.]+)\.", text)
    assert float(found[1]) == pytest.approx(5.25, abs=0.06)
    assert float(found[2]) == pytest.approx(expected, rel=0.05)
    assert text.endswith("The model describes the data.")


def test_a_bad_fit_is_called_bad(problem):
    table = problem.tables["rings"]
    wrong = dataclasses.replace(table, value=table.value + 5.0 * table.error_lo)
    bad = fitting.Problem(scene(), {"rings": wrong}, normal_priors(), problem.options)
    assert about(run_of(bad, draw(dict.fromkeys(PRIORS, 1e-9))), "Fit at").endswith(
        "The model does not describe rings."
    )


def limited(problem: fitting.Problem, factor: float, points: int = 0, bins: int = 40) -> fitting.Problem:
    """A table of limits at a factor times the model's level, and of some points on it."""
    edges = np.linspace(0.0, 1.5, bins + 1)
    ones = np.ones((1, bins))
    where = {"region": Annuli((83.6, 22.0), edges[:-1], edges[1:])}
    blank = rings(value=ones, error_lo=ones, error_hi=ones, is_ul=ones < 0, used=ones > 0, **where)
    level = fitting.Problem(scene(), {"rings": blank}, normal_priors(), problem.options).predict(CENTRE).tables["rings"]
    is_ul = np.arange(bins)[None] >= points
    value = np.where(is_ul, factor * np.asarray(level), level)
    error = np.where(is_ul, np.nan, 0.1 * value)
    table = rings(value=value, error_lo=error, error_hi=error, is_ul=is_ul, used=ones > 0, confidence=0.95, **where)
    return fitting.Problem(scene(), {"rings": table}, normal_priors(), problem.options)


@pytest.mark.parametrize(
    ("factor", "points", "end"),
    [
        (2.0, 0, "There are only upper limits in rings: the model agrees with them, which does not show that"),
        (0.9, 0, "The model does not describe rings."),
        (0.9, 20, "The model does not describe rings."),
    ],
)
def test_limits_count_and_alone_show_nothing(problem, factor, points, end):
    fixed = draw(dict.fromkeys(PRIORS, 1e-9))
    text = about(run_of(limited(problem, factor, points), fixed), "Fit at")
    assert end in text
    assert "describes" not in text
    assert ("χ² = " in text) is (points > 0)
    count = 40 - points
    above = "none" if factor > 1.0 else count
    assert f"{above} of {count} upper limits exceeded ({0.05 * count:g} expected" in text


def test_exceeded_limits_follow_the_binomial(problem):
    run = run_of(limited(problem, 2.0, 20), draw(dict.fromkeys(PRIORS, 1e-9)))
    table = run.problem.tables["rings"]
    for count in (0, 1, 3, 20):
        value = np.where(table.is_ul & (np.cumsum(table.is_ul, axis=1) <= count), 0.1 * table.value, table.value)
        moved = {"rings": dataclasses.replace(table, value=value)}
        found = misfits(
            dataclasses.replace(run, problem=fitting.Problem(scene(), moved, normal_priors(), problem.options))
        )
        fit = found["rings"]
        assert fit.exceeded == count
        assert fit.expected == pytest.approx(1.0)
        assert fit.p_limits == pytest.approx(stats.binom.sf(count - 1, 20, 0.05), rel=1e-6)
        assert fit.p_limits_best == pytest.approx(fit.p_limits)


def test_a_fit_that_is_too_good_is_told(problem):
    table = problem.tables["rings"]
    level = np.asarray(problem.predict(CENTRE).tables["rings"])
    exact = {"rings": dataclasses.replace(table, value=1.001 * level)}
    run = run_of(fitting.Problem(scene(), exact, normal_priors(), problem.options), draw(dict.fromkeys(PRIORS, 1e-9)))
    text = about(run, "Fit at")
    assert "too near to the points of rings: their errors are overestimated, or the points are correlated." in text
    assert "describes" not in text


@pytest.mark.parametrize(
    ("p_value", "p_best", "p_limits", "points", "expected"),
    [
        (0.5, 0.5, np.nan, 20, "GOOD"),
        (0.5, 0.5, 0.4, 20, "GOOD"),
        (0.5, 0.5, 0.03, 20, "MARGINAL"),
        (0.5, 0.5, 0.003, 20, "POOR"),
        (0.03, 0.5, 0.4, 20, "MARGINAL"),
        (0.003, 0.5, 0.4, 20, "POOR"),
        (0.5, 0.999, 0.4, 20, "TOO_GOOD"),
        (0.999, np.nan, np.nan, 20, "TOO_GOOD"),
        (np.nan, np.nan, 0.4, 0, "LIMITS"),
        (np.nan, np.nan, 0.003, 0, "POOR"),
        (np.nan, np.nan, np.nan, 20, "UNKNOWN"),
    ],
)
def test_describes_is_said_only_where_all_agree(p_value, p_best, p_limits, points, expected):
    fit = predictive.Misfit(1.0, points, 5, 1, p_value, p_best, 0.25, p_limits, p_limits)
    assert agreement(fit).name == expected


def test_status_bits_come_with_advice(problem):
    status = {"FAILED": 0.0, "SUPERLUMINAL": 0.125, "BELOW_BOHM": 0.0}
    text = about(run_of(problem, draw(TIGHT), status=status), "Validity: 12.5 % of the draws: ")
    assert "lower χ or raise the age" in text
    assert "Bohm" not in text
    clean = about(run_of(problem, draw(TIGHT)), "Validity: ")
    assert clean == "Validity: no draw lies outside the validity of the model."


def test_truth_is_compared_for_mocks_only(problem):
    assert not any("SIMULATED" in text for text in verdict(run_of(problem, draw(TIGHT))))
    truth = {**CENTRE, DELTA: 0.9}
    mock = dataclasses.replace(problem.tables["rings"], simulated=True, truth=truth)
    known = fitting.Problem(scene(), {"rings": mock}, normal_priors(), problem.options)
    text = about(run_of(known, draw(TIGHT)), "The data are SIMULATED, and the truth is known: 3 of 4 lie in")
    assert "Outside: δ = 0.9." in text


# --- two runs


def test_the_difference_of_two_runs_is_second_minus_first_in_both_widths(problem):
    first, wide = run_of(problem, draw(TIGHT)), draw(dict.fromkeys(PRIORS, 0.2))
    second = run_of(problem, {**wide, CHI: wide[CHI] + 0.5, WORK: wide[WORK] - 0.25})
    rows = {row["parameter"]: row for row in side_by_side(first, second)}
    for path, shift in ((CHI, 0.5), (WORK, -0.25), (DELTA, 0.0)):
        sd = PRIORS[path][1]  # half of the 68 % interval of a Gaussian is 0.994 of its sd
        assert rows[path]["width_1"] == pytest.approx(0.0994 * sd, rel=0.08)
        assert rows[path]["width_2"] == pytest.approx(0.1989 * sd, rel=0.08)
        assert rows[path]["first"] == pytest.approx(float(np.median(first.draws[path])))
        assert rows[path]["second"] == pytest.approx(float(np.median(second.draws[path])))
        assert rows[path]["pull"] == pytest.approx(shift / (0.1 * np.sqrt(5.0) * sd), abs=0.15, rel=0.08)
    back = {row["parameter"]: row["pull"] for row in side_by_side(second, first)}
    assert back[CHI] == pytest.approx(-rows[CHI]["pull"])


def test_a_comparison_names_runs_that_are_no_posterior(problem):
    good, apart = run_of(problem, draw(TIGHT)), draw(TIGHT)
    apart[DELTA] = apart[DELTA] + 0.05 * np.arange(CHAINS)[:, None]
    gaussian = run_of(problem, draw(TIGHT, chains=1), method="map", drop=9.0, drop_expected=1.7)
    assert side_by_side(good, good).meta["doubts"] == ["", ""]
    first, second = side_by_side(gaussian, run_of(problem, apart)).meta["doubts"]
    assert first == "a Gaussian around the MAP, no posterior, and the density is not Gaussian"
    assert second.startswith("the chains cannot be believed yet: R-hat at most")
