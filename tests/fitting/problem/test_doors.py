"""Values of a problem's parameters: units count for free ones too, arrays and traced values pass as they are."""

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fitting
from fitting.inference.scan import _axis, _held, scan
from jaxcrc import describe
from tests.fitting.halos import CHI, ENERGY

AGE = "components.halo.source.release.age"


def said(problem: fitting.Problem, path: str, value: float, scale: float) -> u.Quantity:
    """A parameter's value in a unit that is `scale` times its own."""
    unit = str(describe(problem.scene, path)["unit"])
    inner = unit.removeprefix("dex").strip("()")
    number = 10.0**value if inner and unit.startswith("dex") else value
    return u.Quantity(number / scale, scale * u.Unit(inner)) if inner else u.Quantity(number)


@pytest.mark.parametrize("case", ["w28", "burst"])
def test_units_of_free_parameters_count(case, request):
    problem = request.getfixturevalue(case)
    start = {path: float(value) for path, value in problem.start().items()}
    for path, value in start.items():
        for scale in (1.0, 1e-3) if str(describe(problem.scene, path)["unit"]) not in ("", "dex") else (1.0,):
            found = problem._given({**start, path: said(problem, path, value, scale)}, problem.priors)
            assert {name: float(number) for name, number in found.items()} == pytest.approx(start, rel=1e-12)
        for wrong in (3.0 * u.mol, "3 mol", "wide", True):
            for density in (problem.log_prior, problem.log_density, problem.log_likelihood):
                with pytest.raises(ValueError, match=path.replace(".", r"\.")):
                    density({**start, path: wrong})


def test_outside_its_prior_a_value_is_impossible_in_any_unit(burst):
    start = burst.start()
    for far in (1e300, "1e55 erg", 1e55 * u.erg):
        assert burst.log_prior({**start, ENERGY: far}) == -jnp.inf


def test_draws_and_traced_values_pass(burst):
    start = burst.start()
    energies = [3e49, 3e55] * u.erg
    found = burst.log_prior({**start, ENERGY: energies})
    assert np.isfinite(found[0])
    assert found[1] == -jnp.inf
    assert np.array_equal(found, burst.log_prior({**start, ENERGY: np.log10(energies.value)}))
    assert jax.jit(lambda chi: burst.log_prior({**start, CHI: chi}))(-1.0) == found[0]
    with pytest.raises(ValueError, match="plain numbers"):
        burst.log_prior(np.ones(len(burst.paths)) * u.m)


def test_a_traced_value_of_an_alias_is_the_logarithm_of_it(burst):
    start = dict(burst.start())
    by_name = {path: value for path, value in start.items() if path != CHI} | {CHI.replace("log10_", ""): 0.1}
    traced = jax.jit(lambda chi: burst.log_prior(by_name | {CHI.replace("log10_", ""): chi}))(0.1)
    assert traced == burst.log_prior(start | {CHI: -1.0}) == burst.log_prior(by_name)


def test_what_a_scan_holds_is_checked(burst):
    for wrong in (-1.0, 0.0, "2 s", 2.0 * u.mol, [1.0, 2.0], float("nan")):
        with pytest.raises(ValueError, match=r"view\.distance"):
            scan(burst, {CHI: [-1.0]}, held={"view.distance": wrong})
    with pytest.raises(ValueError, match="unknown parameter path"):
        scan(burst, {CHI: [-1.0]}, held={"view.distanc": 1.0})


def test_what_a_scan_is_over_and_holds_may_say_its_unit(burst):
    for ages in (["10 kyr", "20 kyr"], [10.0, 20.0] * u.kyr):
        assert np.allclose(_axis(AGE, *map(np.asarray, burst.moves({AGE: ages}).values())), [4.0, np.log10(2e4)])
    held = _held(burst, {"view.distance": 2000.0 * u.pc, ENERGY: "3e49 erg", CHI: -1.0}, {})
    assert held == pytest.approx({"view.distance": 2.0, ENERGY: np.log10(3e49), CHI: -1.0})


def test_errors_of_mocks_are_plain_numbers(burst):
    errors = [fitting.simulate(burst, 1, one).tables["profile"].error_lo for one in (0.1, "10 %", 10.0 * u.percent)]
    assert all(np.allclose(error, errors[0], rtol=1e-12) and not hasattr(error, "unit") for error in errors)
    for wrong in (10.0 * u.m, True, "many", -0.1):
        with pytest.raises(ValueError):
            burst.simulate(jax.random.key(0), wrong)
