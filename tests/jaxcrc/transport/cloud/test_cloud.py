"""The cloud against exact solutions, conservation and itself; each test states its choices."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erf

from jaxcrc import Phase, Resolution, Status, coupling, escape, grammage, half_life, phase, solve_cloud
from jaxcrc.medium.damping import DEFAULT
from jaxcrc.medium.phases import PHASES
from jaxcrc.transport.base import ADVICE
from jaxcrc.transport.cloud.fluxtube import at_time
from jaxcrc.transport.cloud.halflife import scaled_half_life
from jaxcrc.transport.cloud.population import half_life_status, make_cloud
from jaxcrc.transport.cloud.profile import CloudSolution
from jaxcrc.transport.cloud.tube import wave_level
from tests.jaxcrc.transport.cloud.clouds import combination_error, half_lives, history, numbers, scaled


@pytest.mark.parametrize("pi", [0.1, 1.0, 5.0, 10.0])
def test_conserved_combination_of_pressure_and_waves(pi):
    """Malkov et al. 2013: exact at all times, in the cells too. To 1 % at the default grid."""
    assert combination_error(history(numbers(pi, 0.0, 0.0, 0.0), Resolution()), pi) < 1e-2


def test_particle_limit_of_the_half_life_and_of_the_profile():
    """Π → 0: t_½ = 0.92503 a²/κ₀, and the closed form of a diffusing slab; both to 1e-3."""

    def left(u):
        return erf(u) - (1.0 - np.exp(-(u**2))) / (u * np.sqrt(np.pi)) - 0.5

    exact = 1.0 / brentq(left, 0.5, 2.0) ** 2
    assert float(scaled([1e-9], [0.0], [0.0], [0.0]).time[0]) == pytest.approx(exact, rel=1e-3)
    record = history(numbers(1e-9, 0.0, 0.0, 0.0), Resolution())
    faces, p, _ = (np.asarray(x) for x in record.extra)
    k = int(np.argmin(np.abs(record.time - 0.9)))
    x, d = 0.5 * (faces[k, 1:] + faces[k, :-1]), 2.0 * np.sqrt(float(record.time[k]))
    np.testing.assert_allclose(p[k], 0.5 * (erf((x + 1) / d) - erf((x - 1) / d)), atol=1e-3)
    assert 0.5 * (erf(1.5 / 2.0) - erf(0.5 / 2.0)) == pytest.approx(0.217414622)


@pytest.mark.parametrize("values", [(1e3, 0.0, 100.0, 50.0), (1e4, 0.05, 1e3, 1e3), (20.0, 2.0, 1.0, 0.0)])
def test_particles_are_conserved(values):
    """A27: content and outflow together, with advection and without, on a mesh short enough to lose some."""
    record = history(numbers(*values), Resolution(extent=6.0, after=80))
    faces, p, _ = record.extra
    total = jnp.sum(p * jnp.diff(faces, axis=1), axis=1) + record.escaped
    assert float(record.escaped[-1]) > 1e-3
    np.testing.assert_allclose(total, 1.0, atol=1e-10)


def test_coupling():
    """A1: Π(10 GeV, 10 pc, n_i = 0.1 cm⁻³) = 3e4 for ions of one proton mass, whatever the field."""
    for field in (1.0, 5.0):
        medium = Phase(temperature=1e4, field=field, ionised=1.0, density=0.1, ion_mass=0.99945, neutral_mass=1.0)
        assert float(coupling(medium, 10.0, 10.0)) == pytest.approx(3.010e4, rel=3e-3)
    assert float(coupling(medium, 10.0, 10.0, index=2.0)) == pytest.approx(1.48e4, rel=5e-3)
    assert float(coupling(medium, 10.0, 10.0, growth_factor=0.5)) == pytest.approx(1.505e4, rel=3e-3)
    near = float(coupling(medium, 10.0, 10.0, index=2.0 + 1e-7))
    assert near == pytest.approx(float(coupling(medium, 10.0, 10.0, index=2.0)), rel=1e-5)


# Marcowith 2025 and independent solutions: phase, radius [pc], half-life [kyr] at 10 GeV without and with advection,
# L [pc]
HALF_LIVES = [
    ("wnm", 3.0, 809.0, 15.5, 50.0),
    ("wnm", 10.0, 223.0, 42.3, 50.0),
    ("wim", 3.0, 374.0, 76.4, 50.0),
    ("hism", 20.0, 266.0, 136.0, 100.0),
]


def test_half_lives_of_two_other_solvers():
    """Without advection and with it, g = 1, to 0.5 %."""
    cases, expected = [], []
    for name, radius, still, moving, scale in HALF_LIVES:
        cases += [(make_cloud(name, advection=a, injection_scale=scale), radius, 10.0) for a in (False, True)]
        expected += [still, moving]
    np.testing.assert_allclose(half_lives(*cases), expected, rtol=5e-3)


def test_cold_medium():
    """A7: table 4.5's CNM, g = ½, L = 50 pc, V(E) in growth, no advection: 8.2/1.2/1.1 kyr to 25 %; and g = 1."""
    at = ((5.3, 10.0), (2.8, 100.0), (2.7, 1000.0))
    weak, strong = (make_cloud("cnm", growth_factor=g, advection=False) for g in (0.5, 1.0))
    half = half_lives(*((cloud, *where) for cloud in (weak, strong) for where in at))
    np.testing.assert_allclose(half[:3], [8.2, 1.2, 1.1], rtol=0.25)
    np.testing.assert_allclose(half[:3], [8.1, 1.30, 1.26], rtol=1e-2)
    np.testing.assert_allclose(half[3:], [16.0, 2.6, 3.0], rtol=3e-2)


def test_damping_shortens_small_clouds_and_large_ones_diffuse():
    """A6: HISM at 10 GeV, L = 100 pc, no advection, g = 1. NLLD shortens t_½ at 10 pc tenfold; without enough
    particles to drive waves t_½ = 0.411 R²/κ₀ (124 kyr at 100 pc).
    """
    options = {"injection_scale": 100.0, "advection": False}
    damped, few = make_cloud("hism", **options), make_cloud("hism", released_energy=1e-6, **options)
    undamped = make_cloud("hism", damping=("ion-neutral", "turbulent"), **options)
    found = half_lives((damped, 10.0, 10.0), (undamped, 10.0, 10.0), (few, 100.0, 10.0), (few, 300.0, 10.0))
    assert float(found[1]) > 5.0 * float(found[0])
    assert float(found[0]) == pytest.approx(290.0, rel=0.05)
    np.testing.assert_allclose(found[2:], [124.0, 1116.0], rtol=3e-3)


@pytest.mark.slow
def test_derivatives_of_the_half_life_equal_differences():
    """By Π, v, γ and ν, for a strongly damped, moving cloud and an undamped one at rest; to 1e-5."""
    values = np.array([(3e4, 0.02, 5e3, 1e3), (5.0, 0.0, 0.0, 0.0)])
    slopes = jax.jit(jax.grad(lambda x: jnp.sum(scaled_half_life(numbers(*x.T)).time)))(jnp.array(values))
    h = 2e-5
    moved = np.array([values * (1.0 + s * h * np.eye(4)[k]) for k in range(4) for s in (1, -1)])
    up, down = np.moveaxis(scaled(*moved.reshape(16, 4).T).time.reshape(4, 2, 2), 1, 0)
    for k in range(4):
        moving = values[:, k] > 0.0
        difference = ((up - down)[k] / (2.0 * h * np.where(moving, values[:, k], 1.0)))[moving]
        np.testing.assert_allclose(slopes[moving, k], difference, rtol=1e-5)


@pytest.mark.slow
def test_derivatives_by_what_a_person_sets():
    """Six parameters through jit, vmap and reverse mode; each has an effect; equal to differences to 1e-5."""

    def log_time(x):
        medium = eqx.tree_at(lambda p: (p.field, p.density), phase("wim"), (x[1], x[2]))
        return jnp.log(half_life(medium, x[0], 30.0, index=x[3], released_energy=x[4], growth_factor=x[5]))

    at, h = np.array([8.0, 5.0, 0.35, 2.2, 1.0, 1.0]), 2e-5
    moved = [at * (1.0 + s * h * np.eye(6)[k]) for k in range(6) for s in (1, -1)]
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(log_time)))(jnp.array([at, *moved]))
    assert float(jnp.abs(slopes[0]).min()) > 1e-3
    differences = (values[1::2] - values[2::2]) / (2.0 * h * at)
    np.testing.assert_allclose(slopes[0], differences, rtol=1e-5)


def test_solution_of_a_batch_and_its_bits():
    solution = solve_cloud("cnm", jnp.array([2.8, 2.7]), jnp.array([200.0, 1e3]), growth_factor=0.5)
    assert solution.pressure.shape == (2, 324, 120)
    assert solution.waves.shape == solution.kappa.shape == (2, 324, 121)
    other = half_lives((make_cloud("cnm", growth_factor=0.5), 2.7, 1e3))
    np.testing.assert_allclose(solution.half_life[1], other[0], rtol=2e-3)
    assert int(solution.status[0]) & Status.EVANESCENT
    assert not int(solution.status[1]) & (Status.EVANESCENT | Status.FAILED)
    ambient = make_cloud("cnm").kappa_ambient(jnp.asarray(200.0))
    np.testing.assert_allclose(solution.kappa[0], ambient, rtol=1e-12)  # nothing grows in the band
    assert set(ADVICE) == set(Status) - {Status.OK}


@pytest.mark.slow
def test_waves_of_a_kolmogorov_cascade():
    """The root of ν w² + μ w^{3/2} + c w = g, and a cloud that it drains faster."""
    gain, decay, nu, mu = jnp.geomspace(1e-3, 1e9, 50), 3.0, 0.7, 5.0
    resistance, slope = jax.jit(wave_level)(gain, decay, nu, mu)
    w = 1.0 / resistance
    np.testing.assert_allclose(nu * w**2 + mu * w**1.5 + decay * w, gain, rtol=1e-9)
    np.testing.assert_allclose(slope, decay + 2 * nu * w + 1.5 * mu * jnp.sqrt(w), rtol=1e-12)
    cloud = make_cloud("wim", damping=(*DEFAULT, "cascade-kolmogorov"))
    n, _ = cloud.numbers(jnp.asarray(10.0), jnp.asarray(100.0))
    plain, cascading = scaled_half_life(numbers(*([x, x] for x in jax.tree.leaves(n)[:4]), [1e-9, float(n.root)])).time
    assert float(cascading) < 0.99 * float(plain)


@pytest.mark.slow
def test_single_precision():
    """Half-lives in float32 within 1e-4 of float64; dtype out is dtype in."""
    cases = [(0.5, 0.0, 0.0, 0.0), (3e4, 0.02, 5e3, 1e3), (1e3, 0.3, 30.0, 10.0), (1e6, 0.01, 1e5, 1e4)]
    columns = list(zip(*cases, strict=True))
    single, double = scaled_half_life(numbers(*columns, dtype=jnp.float32)).time, scaled(*columns).time
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, double, rtol=1e-4)
    medium, radius = jax.tree.map(lambda x: x.astype(jnp.float32), (phase("cnm"), jnp.asarray(3.0)))
    for function in (half_life, solve_cloud, grammage, coupling):
        out = jax.eval_shape(lambda r, f=function: f(medium, r, r * 10.0), radius)
        floats = [x for x in jax.tree.leaves(out) if jnp.issubdtype(x.dtype, jnp.inexact)]
        assert all(x.dtype == jnp.float32 for x in floats), function.__name__


@pytest.mark.slow
def test_lowers_for_cuda():
    n = numbers(*[[1e3, 1e2], [0.1, 0.0], [10.0, 1.0], [10.0, 1.0]])
    gradient = jax.grad(lambda n: jnp.sum(scaled_half_life(n).time))
    jax.export.export(jax.jit(gradient), platforms=["cuda"])(n)
    jax.export.export(jax.jit(lambda r: solve_cloud("wim", r, 10.0).kappa), platforms=["cuda"])(8.0)
    jax.export.export(jax.jit(lambda e: escape("wim", e).radius), platforms=["cuda"])(100.0)
    jax.export.export(jax.jit(lambda r: grammage("cnm", r, 100.0)), platforms=["cuda"])(3.0)


def test_what_cannot_finish_says_so():
    time, status = half_life_status("wim", 3.0, 10.0, damping=("landau",), mach=1e-6, advection=False)
    assert int(status) == Status.FAILED
    assert np.isfinite(float(time))


def test_bad_input():
    cases = [
        (lambda: half_life("ice", 3.0, 10.0), "hism"),
        (lambda: half_life("wim", -3.0, 10.0), "radius must lie between"),
        (lambda: half_life("wim", 3.0, 0.1), "energy must lie between"),
        (lambda: half_life("wim", 3.0, 10.0, damping=("drag",)), "nlld"),
        (lambda: half_life("wim", 3.0, 10.0, kappa0="nava61"), "nava16"),
        (lambda: half_life("wim", 3.0, 10.0, kappa0=1e-9), "Bohm"),
        (lambda: half_life("wim", 3.0, 10.0, colour=1.0), "colour"),
        (lambda: half_life("wim", 3.0, 10.0, energy_range=(5.0, 1.0)), "increasing"),
        (lambda: Resolution(cells=3), "at least"),
        (lambda: escape("wim", 10.0, release="slow"), "halflife"),
        (lambda: grammage("wim", 200.0, 10.0, length=10.0), "enclose"),
    ]
    for call, words in cases:
        with pytest.raises(ValueError, match=words):
            call()


def test_phases_have_a_half_life_at_every_energy():
    """All six, 10 pc, 10 GeV to 100 TeV: finite and reached."""
    found = half_lives(*((make_cloud(name), 10.0, energy) for name in PHASES for energy in (10.0, 1e3, 1e5)))
    assert bool(jnp.all((found > 0.0) & jnp.isfinite(found)))


@pytest.mark.parametrize("times", [(0.02, 40.0), (1e-9, 5e-3), (0.9, 1e9)])
def test_solutions_are_read_each_at_its_own_time(times):
    """Powers of time come back between the steps; before the first and after the last, the solution stands still."""
    steps = np.geomspace(1e-3, 1e3, 13) * np.array([[1.0], [3.0]])
    at = np.clip(times, steps[:, 0], steps[:, -1])
    deep = steps[:, :, None] * np.ones(4)
    linear = np.log(deep)  # what is not taken as a logarithm is linear in ln t
    known = {"z": linear, "z_face": 2.0 * linear, "pressure": deep**-0.7, "chi": deep**0.3, "escaped": np.log(steps)}
    rest = {"waves": linear, "kappa": linear, "lost": steps, "half_life": steps[:, 0], "status": np.zeros(2, int)}
    solution = CloudSolution(time=jnp.asarray(steps), **jax.tree.map(jnp.asarray, known | rest))
    now = at_time(solution, jnp.asarray(times))
    np.testing.assert_allclose(now.pressure, at[:, None] ** -0.7 * np.ones(4), rtol=1e-12)
    np.testing.assert_allclose(now.chi, at[:, None] ** 0.3 * np.ones(4), rtol=1e-12)
    np.testing.assert_allclose(now.z, np.log(at)[:, None] * np.ones(4), rtol=1e-12)
    np.testing.assert_allclose(now.z_face, 2.0 * now.z, rtol=1e-12)
    np.testing.assert_allclose(now.escaped, np.log(at), rtol=1e-12)
