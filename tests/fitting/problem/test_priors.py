"""Priors from a case: every mistake has its sentence."""

import numpy as np
import numpyro.distributions as dist
import pytest

from fitting.problem.priors import FAMILIES, Prior, PriorError, bounds, check_quantile, make, spec_of


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"dist": "uniform", "low": -1, "high": 2}, dist.Uniform(-1.0, 2.0)),
        ({"dist": "normal", "mean": 0.3, "sd": 0.1}, dist.Normal(0.3, 0.1)),
        ({"dist": "truncated-normal", "mean": 1.0, "sd": 0.2, "low": 0.0}, dist.TruncatedNormal(1.0, 0.2, low=0.0)),
        ({"dist": "log-normal", "median": 2.0, "sigma": 0.1}, dist.LogNormal(np.log(2.0), 0.1)),
        ({"dist": "half-normal", "sd": 0.5}, dist.HalfNormal(0.5)),
    ],
)
def test_specs_make_distributions_and_back(spec, expected):
    prior = make({**spec, "source": "a paper"})
    for value in (0.2, 0.9, 1.7):
        assert prior.distribution.log_prob(value) == pytest.approx(float(expected.log_prob(value)), rel=1e-12)
    again = spec_of(prior)
    assert again["source"] == "a paper"
    assert make(again).distribution.log_prob(0.9) == pytest.approx(float(expected.log_prob(0.9)), rel=1e-12)


@pytest.mark.parametrize(
    ("spec", "fragment"),
    [
        ({"dist": "unifrom", "low": 0, "high": 1}, "did you mean 'uniform'"),
        ({"dist": "uniform", "low": 1, "high": 0}, "not below"),
        ({"dist": "uniform", "low": 1}, "needs low, high"),
        ({"dist": "uniform", "low": 0, "hihg": 1}, "did you mean 'high'"),
        ({"dist": "normal", "mean": 0, "sd": -1}, "must be positive"),
        ({"dist": "normal", "mean": "a", "sd": 1}, "not a number"),
        ({"dist": "truncated-normal", "mean": 0, "sd": 1}, "needs low or high, or both"),
        ({"low": 0}, "unknown distribution"),
    ],
)
def test_mistakes_have_their_sentence(spec, fragment):
    with pytest.raises(PriorError, match=fragment):
        make(spec)


def test_bounds_of_supports():
    assert bounds(dist.Normal(0.0, 1.0)) == (-np.inf, np.inf)
    assert bounds(dist.LogNormal(0.0, 1.0)) == (0.0, np.inf)
    assert bounds(dist.Uniform(-1.0, 2.0)) == (-1.0, 2.0)


def test_a_distribution_without_a_name_is_refused():
    with pytest.raises(PriorError, match="no name for Gamma"):
        spec_of(Prior(dist.Gamma(1.0, 1.0)))


def test_a_prior_without_a_quantile_says_so_where_one_is_needed():
    for name, family in FAMILIES.items():
        numbers = {"low": 0.5, "high": 2.0, "mean": 1.0, "sd": 0.5, "median": 1.0, "sigma": 0.5}
        given = {argument: numbers[argument] for argument in family.arguments}
        check_quantile("gas.density", make({"dist": name, **given}).distribution)
    with pytest.raises(PriorError, match=r"the prior of gas\.density, a Gamma, has no quantile: use uniform"):
        check_quantile("gas.density", dist.Gamma(2.0, 1.0))
