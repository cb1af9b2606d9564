"""A problem: one trace, finite gradients, every parameter with an effect, mocks that mean what they say."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from numpyro.infer.util import log_density

import fitting
from fitting.problem import problem as problem_room
from fitting.problem.felt import felt
from jaxcrc import (
    Continuous,
    Homogeneous,
    Model,
    Nuisance,
    PowerLaw,
    Released,
    RemnantShell,
    Scene,
    SuppressedDiffusion,
    View,
    cast,
    paths,
    predict,
)
from jaxcrc.emission.shares import Hadronic, Share
from jaxcrc.scene import get
from tests.fitting.halos import CHI, DELTA, ENERGY, INDEX, halo, halo_priors, layout, mock_halo

# Paths that a whole scene has but that cannot act in a given case: the sea's depth where there is no sea, and so on.


@pytest.fixture(scope="module", params=["w28", "demo"])
def shipped(request):
    return fitting.load(request.param)


def test_three_parameter_sets_make_one_trace(burst):
    before = problem_room._once._cache_size()
    start = burst.start()
    for shift in (0.0, 0.1, -0.2):
        burst.log_density({path: float(value) + shift * (path == CHI) for path, value in start.items()})
    assert problem_room._once._cache_size() <= before + 1


@pytest.mark.slow
def test_log_density_is_the_numpyro_models(burst):
    values = {path: jnp.asarray(v) for path, v in burst.start().items()}
    theirs, _ = log_density(burst.model, (), {}, values)
    assert float(theirs) == pytest.approx(float(burst.log_density(values)), rel=1e-12)


@pytest.mark.slow
def test_potential_counts_the_volume_of_the_map(burst):
    """∫ p(x) dx = ∫ p(z) |dx/dz| dz along one coordinate, by quadrature on both sides."""
    posterior, start = burst.posterior, burst.posterior.unconstrain(burst.start())
    index = burst.paths.index(CHI)
    z = np.linspace(start[index] - 3.0, start[index] + 3.0, 4001)
    points = jnp.tile(start, (z.size, 1)).at[:, index].set(z)
    potential = jax.lax.map(posterior.potential, points)
    objective = jax.lax.map(lambda v: posterior.potential(v, 0.0), points)
    x = jax.lax.map(lambda v: posterior.constrain(v)[CHI], points)
    shift = float(jnp.min(objective))
    others = [i for i in range(start.size) if i != index]
    constant = float(potential[0] - objective[0] + jnp.log(jnp.abs(jnp.gradient(x, z[1] - z[0])[0])))
    by_z = np.trapezoid(np.exp(-(np.asarray(potential) - shift - constant)), z)
    by_x = np.trapezoid(np.exp(-(np.asarray(objective) - shift)), np.asarray(x))
    assert others
    assert by_z == pytest.approx(by_x, rel=1e-3)


@pytest.mark.slow
def test_gradients_are_finite_over_the_prior(shipped):
    posterior = shipped.posterior
    draws = shipped.sample_prior(jax.random.key(3), 10_000)
    value, slope = jax.jit(lambda d: jax.lax.map(jax.value_and_grad(posterior.log_density), d))(draws)
    assert np.all(np.isfinite(value))
    for path, column in slope.items():
        assert np.all(np.isfinite(column)), path


def test_every_free_parameter_moves_the_posterior(shipped):
    slope = jax.jit(jax.grad(shipped.posterior.log_likelihood))(shipped.start())
    for path, value in slope.items():
        assert float(value) != 0.0, path


@pytest.mark.slow
def test_every_number_of_the_w28_scene_acts_or_is_known_not_to(w28):
    """Over the shipped case, a leaf without effect is one that this case has nothing for."""
    idle = {"view.gas_depth", "gas.density"}  # no diffuse gas is looked at: the cloud carries its own mass
    idle |= {"view.offset_north", "view.offset_east"}  # the cloud has an offset of its own
    idle |= {f"components.sea.place.{axis}" for axis in ("north", "east", "depth")}  # it fills all space
    idle |= {"light.magnetic_field", "light.photons.cmb.energy_density"}  # there are no electrons
    scene, posterior = w28.scene, w28.posterior
    # What is round looks the same in all directions but for the rounding of a sine, so azimuths are left out.
    fixed = {path: get(scene, path) for path in paths(scene) if not path.endswith(("psf_scale", "azimuth"))}
    # A systematic adds in quadrature, so that ln L is level where it is none.
    fixed |= {path: value + 0.1 for path, value in fixed.items() if path.endswith("systematic")}
    slope = jax.jit(jax.grad(posterior.log_likelihood))(fixed)
    assert {path for path, value in slope.items() if float(value) == 0.0} == idle
    unfelt = {path for path in paths(scene) if path not in felt(posterior)}
    assert unfelt == {path for path in idle if ".sea." not in path} | {"data.fermi.psf_scale"}


def test_mock_noise_has_the_stated_width(burst):
    blank = fitting.Problem(halo("burst"), {"profile": layout()}, halo_priors("burst"), fitting.Options(nuclear="none"))
    clean = blank.expected_tables()["profile"]
    noisy = [blank.simulate(jax.random.key(seed))["profile"] for seed in range(20)]
    pulls = np.array([(t.value - clean.value) / t.error_lo for t in noisy])
    assert np.allclose(noisy[0].error_lo, 0.1 * clean.value)
    assert abs(pulls.mean()) < 4.0 / np.sqrt(pulls.size)
    assert pulls.std() == pytest.approx(1.0, abs=4.0 / np.sqrt(2 * pulls.size))
    assert noisy[0].simulated
    assert noisy[0].truth[CHI] == -1.5


def test_a_tie_makes_one_parameter_follow_another():
    tied = fitting.Options(nuclear="none", ties={DELTA: INDEX})
    priors = {path: prior for path, prior in halo_priors("burst").items() if path != DELTA}
    problem = fitting.Problem(halo("burst"), {"profile": layout()}, priors, tied)
    values = {**{p: float(v) for p, v in problem.start().items()}, INDEX: 1.7}
    assert get(problem.posterior.bound(values), DELTA) == 1.7


def test_a_wider_psf_acts_through_its_matrices():
    path = "data.profile.psf_scale"
    priors = {**halo_priors("burst"), path: dist.Uniform(0.5, 2.0)}
    problem = fitting.Problem(halo("burst"), {"profile": layout()}, priors, fitting.Options(nuclear="none"))
    wide = problem.predict({path: 1.7}).tables["profile"]
    scene = Scene(problem.scene.components, problem.scene.view, {"profile": Nuisance(psf_scale=1.7)}, problem.scene.gas)
    exact = fitting.Problem(
        scene, {"profile": layout()}, halo_priors("burst"), fitting.Options(nuclear="none")
    ).predict()
    np.testing.assert_allclose(wide, exact.tables["profile"], rtol=1e-4)


def test_a_psf_that_is_tied_to_another_is_as_free():
    look, path = layout(4), "data.{}.psf_scale"
    ties = fitting.Options(nuclear="none", points_per_decade=3, ties={path.format("two"): path.format("one")})
    priors = {CHI: dist.Uniform(-3.0, 0.0), path.format("one"): dist.Uniform(0.5, 2.0)}
    seen = fitting.Problem(halo("burst"), {"one": look, "two": look}, priors, ties).predict({path.format("one"): 1.7})
    np.testing.assert_allclose(seen.tables["two"], seen.tables["one"], rtol=1e-12)


@pytest.mark.slow
def test_single_precision_agrees_with_double(burst):
    double = predict(burst.scene, burst.setup).tables["profile"]
    single = predict(*cast((burst.scene, burst.setup), jnp.float32)).tables["profile"]
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, double, rtol=1e-5)


def test_the_whole_forward_model_lowers_for_cuda(burst):
    exported = jax.export.export(jax.jit(lambda s, u: predict(s, u).tables), platforms=["cuda"])
    assert exported(burst.scene, burst.setup).platforms == ("cuda",)


REFUSED = [
    ({CHI + "x": dist.Uniform(0.0, 1.0)}, {}, "did you mean"),
    ({"view.distance": dist.Normal(1.0, 0.5)}, {}, "the model holds in"),
    ({CHI: dist.Uniform(-1.0, 0.0)}, {"ties": {CHI: DELTA}}, "tied to .* and has a prior"),
    ({"data.profile.psf_scale": dist.LogNormal(0.0, 0.1)}, {}, "the model holds in"),
    ({"data.profile.psf_scale": dist.Uniform(0.4, 1.5)}, {}, "within 0[.]5 and 2"),
    ({CHI: dist.Uniform(-1.0, 0.0)}, {"ties": {DELTA: INDEX, INDEX: "gas.density", "gas.density": DELTA}}, "circle"),
    ({"light.magnetic_field": dist.Uniform(1.0, 9.0)}, {}, "only electrons"),
    ({"light.photons.cmb.energy_density": dist.Uniform(0.1, 1.0)}, {}, "only electrons"),
    ({"view.gas_depth": dist.Uniform(0.0, 10.0)}, {}, "no sea"),
    ({"components.halo.place.depth": dist.Uniform(0.0, 10.0)}, {}, "only clouds"),
    ({"view.offset_east": dist.Uniform(0.0, 10.0)}, {"clouds": {"profile": "a"}}, "looks at the source itself"),
]


@pytest.mark.parametrize(("priors", "options", "fragment"), REFUSED)
def test_problems_that_make_no_sense_are_refused(priors, options, fragment):
    with pytest.raises(ValueError, match=fragment):
        fitting.Problem(halo("burst"), {"profile": layout()}, priors, fitting.Options(**options))


def test_nothing_to_look_at_is_refused():
    with pytest.raises(ValueError, match="no table to fit"):
        fitting.Problem(halo("burst"), {}, {CHI: dist.Uniform(-1.0, 0.0)})


def test_a_layout_cannot_be_fitted():
    blank = fitting.Problem(halo("burst"), {"profile": layout()}, halo_priors("burst"))
    with pytest.raises(ValueError, match="layout without data"):
        fitting.fit(blank, method="map")


def test_a_release_without_a_solution_is_refused():
    source = Released(
        PowerLaw(index=2.2, log10_cutoff=3.0), Continuous(log10_power=37.0, log10_age=5.0), RemnantShell()
    )
    scene = Scene(
        {"halo": Model(source, SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="nava16"), Homogeneous())},
        View(distance=1.0),
    )
    problem = fitting.Problem(scene, {"profile": layout()}, {CHI: dist.Uniform(-1.0, 0.0)})
    with pytest.raises(ValueError, match="takes its radius from a release of kind 'escape'"):
        problem.predict()


def test_the_mock_is_the_same_for_the_same_seed():
    one, two = (mock_halo("burst", 5).tables["profile"].value for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert ENERGY in mock_halo("burst", None).tables["profile"].truth


def test_densities_take_arrays_of_draws(burst):
    draws = burst.sample_prior(jax.random.key(4), 6)
    one_by_one = [burst.log_density({path: v[i] for path, v in draws.items()}) for i in range(6)]
    np.testing.assert_allclose(burst.log_density(draws), one_by_one, rtol=1e-12)
    vectors = np.stack([np.asarray(draws[path]) for path in burst.paths], axis=-1)
    for shaped in (vectors, vectors.reshape(2, 3, -1)):
        found = burst.log_density(shaped)
        assert found.shape == shaped.shape[:-1]
        np.testing.assert_allclose(np.ravel(found), one_by_one, rtol=1e-12)
    both = burst.log_likelihood(vectors) + burst.log_prior(vectors)
    np.testing.assert_allclose(both, one_by_one, rtol=1e-12)
    held = {path: (v if path == CHI else v[0]) for path, v in draws.items()}
    assert burst.log_density(held).shape == (6,)
    with pytest.raises(ValueError, match="does not end in 4 parameters"):
        burst.log_density(vectors[:, :2])


def test_the_unit_cube_maps_to_the_priors():
    """Against SciPy's quantiles, for every family that a case can name."""
    truncated = scipy.stats.truncnorm((1.6 - 2.2) / 0.3, (3.0 - 2.2) / 0.3, 2.2, 0.3)
    laws = {
        CHI: (dist.Uniform(-3.0, 0.0), scipy.stats.uniform(-3.0, 3.0)),
        DELTA: (dist.HalfNormal(0.3), scipy.stats.halfnorm(0.0, 0.3)),
        ENERGY: (dist.Normal(49.0, 0.5), scipy.stats.norm(49.0, 0.5)),
        "components.halo.source.spectrum.index": (dist.TruncatedNormal(2.2, 0.3, low=1.6, high=3.0), truncated),
        "data.profile.scale": (dist.LogNormal(np.log(1.1), 0.2), scipy.stats.lognorm(0.2, 0.0, 1.1)),
    }
    priors = {path: law for path, (law, _) in laws.items()}
    problem = fitting.Problem(halo("burst"), {"profile": layout(2)}, priors, fitting.Options(nuclear="none"))
    u = np.random.default_rng(1).uniform(size=(2, 5, len(laws)))
    found = np.asarray(problem.prior_transform(u))
    for i, (path, (_, law)) in enumerate(laws.items()):
        np.testing.assert_allclose(found[..., i], law.ppf(u[..., i]), rtol=1e-6, err_msg=path)
    np.testing.assert_allclose(
        problem.log_prior(found), sum(law.logpdf(found[..., i]) for i, (_, law) in enumerate(laws.values())), rtol=1e-6
    )


def test_simulating_gives_a_problem_to_fit(burst):
    mock = fitting.simulate(burst, seed=7)
    assert mock.simulated
    assert set(mock.tables["profile"].truth) == set(burst.paths)
    again = burst.simulate(jax.random.key(7))["profile"]
    np.testing.assert_array_equal(mock.tables["profile"].value, again.value)


def test_outside_the_priors_the_density_is_zero(shipped):
    """A nested sampler or a walker may ask anywhere: −∞, never NaN, and inside as NumPyro's own sum."""
    start = {path: float(value) for path, value in shipped.start().items()}
    for path, prior in shipped.priors.items():
        for far in (-1e3, 1e3):
            point = {**start, path: far}
            inside = bool(prior.distribution.support(far))
            assert np.isfinite(shipped.log_prior(point)) == inside, path
            if not inside:
                assert float(shipped.log_prior(point)) == float(shipped.log_density(point)) == -np.inf, path
    expected = sum(float(prior.distribution.log_prob(start[path])) for path, prior in shipped.priors.items())
    assert float(shipped.log_prior(start)) == pytest.approx(expected, rel=1e-12)


def test_a_likelihood_outside_a_parameters_range_is_refused(burst):
    """The prior's 0 speaks for the density; a likelihood there would be of another model than the one asked for."""
    point = {path: float(value) for path, value in burst.start().items()} | {INDEX: 9.0}
    assert float(burst.log_density(point)) == float(burst.log_prior(point)) == -np.inf
    with pytest.raises(ValueError, match=r"9 lies outside the range of the model, 1\.5 to 3\.5"):
        burst.log_likelihood(point)


def test_a_layout_takes_the_errors_that_are_asked_for(burst):
    blank = fitting.Problem(halo("burst"), {"profile": layout()}, halo_priors("burst"), fitting.Options(nuclear="none"))
    expected = blank.expected_tables()["profile"].value
    asked = blank.simulate(jax.random.key(1), errors=0.03)["profile"]
    assert np.allclose(asked.error_lo, 0.03 * expected)
    for nonsense in (0.0, -0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive"):
            blank.simulate(jax.random.key(1), errors=nonsense)


@pytest.fixture(scope="module")
def dark(burst):
    """A problem whose only model of light has no weight: 0/0."""
    scene = dataclasses.replace(halo("burst"), hadronic=Hadronic(models={"kelner06": Share(weight=0.0)}))
    options = fitting.Options(nuclear="none", hadronic="kelner06")
    return fitting.Problem(scene, burst.tables, {CHI: dist.Uniform(-3.0, 0.0)}, options)


@pytest.mark.parametrize(
    "ask",
    [
        lambda problem: problem.predict(),
        lambda problem: fitting.fit(problem, method="map"),
        lambda problem: fitting.scan(problem, {CHI: [-2.0, -1.0]}, held={}),
        lambda problem: problem.expected_tables(),
    ],
    ids=["predict", "fit", "scan", "simulate"],
)
def test_a_model_without_numbers_is_told(dark, ask):
    with pytest.raises(ValueError, match=r"no number|log-density is"):
        ask(dark)
