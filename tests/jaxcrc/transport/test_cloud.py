"""The cloud against exact solutions, conservation and itself; each test states its choices."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erf

from jaxcrc.medium.damping import DEFAULT
from jaxcrc.medium.phases import PHASES, Phase, phase
from jaxcrc.source.remnant import Remnant
from jaxcrc.transport.cloud import coupling, half_life, half_life_status, make_cloud
from jaxcrc.transport.grammage import grammage
from jaxcrc.transport.halflife import scaled_half_life
from jaxcrc.transport.profile import solve_cloud
from jaxcrc.transport.release import escape
from jaxcrc.transport.tube import Mesh, Numbers, Resolution, Tube, march_tube, wave_level
from jaxcrc.transport.validity import ADVICE, CloudStatus


def numbers(*values, dtype=float):
    return Numbers(*(jnp.asarray(x, dtype) for x in values))


@functools.partial(jax.jit, static_argnums=1)
def history(n, resolution):
    tube = Tube(n, Mesh.of(resolution, n.coupling))

    def keep(tube, state):
        return tube.faces(state.time), state.u, state.w

    return march_tube(tube, resolution, keep)


def combination_error(record, pi, until=1.0):
    """Largest error of p + (1/Π) ∂ ln w/∂x = p(0), over all cells and steps (no damping, no advection)."""
    faces, p, w = record.extra
    start = (faces[:, 1:] <= 1.0).astype(float)
    log_w = jnp.log(w).at[:, 0].set(0.0)  # no flux through x = 0: no waves grow there
    whole = p + jnp.diff(log_w, axis=1) / jnp.diff(faces, axis=1) / pi
    # in cells finer than the rest the error of one face counts many times over: weigh with the width, per cloud
    error = jnp.sum(jnp.abs(whole - start) * jnp.diff(faces, axis=1), axis=1)
    return float(jnp.max(jnp.where(record.lost < until, error, 0.0)))


@pytest.mark.parametrize("pi", [0.1, 1.0, 5.0, 10.0])
def test_conserved_combination_of_pressure_and_waves(pi):
    """Malkov et al. 2013: exact at all times, in the cells too. To 1 % at the default grid."""
    assert combination_error(history(numbers(pi, 0.0, 0.0, 0.0), Resolution()), pi) < 1e-2


@pytest.mark.by_hand
@pytest.mark.parametrize("pi", [1.0, 10.0])
def test_conserved_combination_converges_with_second_order(pi):
    """Steps halved up to the half-life, at the start too (growth to the root, first step to a fourth); later ones are
    5 %.
    """
    n = numbers(pi, 0.0, 0.0, 0.0)
    finer = [Resolution(steps=250 * 2**k, growth=1.6 ** (0.5**k), first_step=1e-8 * 0.25**k) for k in range(1, 4)]
    errors = [combination_error(history(n, r), pi, until=0.5) for r in finer]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 1.8), (errors, orders)


# Malkov et al. 2013, self-similar: y'' + (ζ/2) e^y y' = 0, y(0) = Π, y(∞) = 0; 𝒫 = −y' at ζ
ZETA = (0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0)
MALKOV = {
    0.1: (0.0574473, 0.0573036, 0.0560662, 0.0440210, 0.0203624, 5.77776e-3, 1.05521e-4),
    1.0: (0.686090, 0.682061, 0.650770, 0.436356, 0.169375, 0.0448772, 8.04041e-4),
    3.0: (3.32382, 3.20576, 2.60837, 1.09583, 0.330813, 0.0817282, 1.43851e-3),
    5.0: (9.83462, 8.27378, 4.72566, 1.36950, 0.377545, 0.0914737, 1.60257e-3),
    8.0: (34.7224, 16.7242, 6.08222, 1.46270, 0.391567, 0.0943240, 1.65027e-3),
    10.0: (53.6738, 18.9305, 6.26887, 1.47283, 0.393040, 0.0946215, 1.65524e-3),
}


@pytest.mark.by_hand
@pytest.mark.parametrize("pi", MALKOV)
def test_self_similar_profiles(pi):
    """A16: 𝒫 = Π p √τ at ζ = x/√τ ≫ 1/√τ, 1 % for ζ ≥ 0.1. No damping, no advection, g = 1."""
    resolution = Resolution(cells=400, steps=500, after=240 if pi < 4 else 190, extent=4e3 if pi < 4 else 2e4)
    record = history(numbers(pi, 0.0, 0.0, 0.0), resolution)
    faces, p, _ = (np.asarray(x) for x in record.extra)
    tau = np.asarray(record.time)
    # late enough that the release is small against ζ = 0.1, early enough that ζ = 5 lies well inside the mesh
    k = int(np.argmin(np.abs(np.sqrt(tau) - resolution.extent / 12.0)))
    root = np.sqrt(tau[k])
    assert root > 300.0
    zeta = 0.5 * (faces[k, 1:] + faces[k, :-1]) / root
    found = np.exp(np.interp(np.log(ZETA), np.log(zeta), np.log(np.maximum(pi * p[k] * root, 1e-300))))
    np.testing.assert_allclose(found[1:], MALKOV[pi][1:], rtol=1e-2)
    np.testing.assert_allclose(found[0], MALKOV[pi][0], rtol=2e-2 if pi > 4 else 1e-2)


def test_particle_limit_of_the_half_life_and_of_the_profile():
    """Π → 0: t_½ = 0.92503 a²/κ₀, and the closed form of a diffusing slab; both to 1e-3."""

    def left(u):
        return erf(u) - (1.0 - np.exp(-(u**2))) / (u * np.sqrt(np.pi)) - 0.5

    exact = 1.0 / brentq(left, 0.5, 2.0) ** 2
    n = numbers(1e-9, 0.0, 0.0, 0.0)
    assert float(scaled_half_life(n).time) == pytest.approx(exact, rel=1e-3)
    record = history(n, Resolution())
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
        medium = Phase(1e4, field, 1.0, 0.1, 0.99945, 1.0)
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


@pytest.mark.parametrize(("name", "radius", "still", "moving", "scale"), HALF_LIVES)
def test_half_lives_of_two_other_solvers(name, radius, still, moving, scale):
    for advection, expected in ((False, still), (True, moving)):
        found = half_life(name, radius, 10.0, advection=advection, injection_scale=scale)
        assert float(found) == pytest.approx(expected, rel=5e-3)


def test_cold_medium():
    """A7: table 4.5's CNM, g = ½, L = 50 pc, V(E) in growth, no advection: 8.2/1.2/1.1 kyr to 25 %; and g = 1."""
    radius, energy = jnp.array([5.3, 2.8, 2.7]), jnp.array([10.0, 100.0, 1000.0])
    half = half_life("cnm", radius, energy, growth_factor=0.5, advection=False)
    np.testing.assert_allclose(half, [8.2, 1.2, 1.1], rtol=0.25)
    np.testing.assert_allclose(half, [8.1, 1.30, 1.26], rtol=1e-2)
    full = half_life("cnm", radius, energy, growth_factor=1.0, advection=False)
    np.testing.assert_allclose(full, [16.0, 2.6, 3.0], rtol=3e-2)


def test_damping_shortens_small_clouds_and_large_ones_diffuse():
    """A6: HISM at 10 GeV. NLLD shortens t_½ at 10 pc tenfold; at large R, t_½ → 0.411 R²/κ₀ (124 kyr at 100 pc)."""
    options = {"injection_scale": 100.0, "advection": False}
    with_nlld = half_life("hism", 10.0, 10.0, **options)
    without = half_life("hism", 10.0, 10.0, damping=("ion-neutral", "turbulent"), **options)
    assert float(without) > 5.0 * float(with_nlld)
    assert float(with_nlld) == pytest.approx(290.0, rel=0.05)
    weak = half_life("hism", jnp.array([100.0, 300.0]), 10.0, released_energy=1e-6, **options)
    np.testing.assert_allclose(weak, [124.0, 1116.0], rtol=3e-3)


@pytest.mark.parametrize("values", [(3e4, 0.02, 5e3, 1e3), (5.0, 0.0, 0.0, 0.0)])
def test_derivatives_of_the_half_life_equal_differences(values):
    def time(x):
        return scaled_half_life(numbers(*x)).time

    reverse, forward = jax.jit(jax.grad(time))(jnp.array(values)), jax.jit(jax.jacfwd(time))(jnp.array(values))
    np.testing.assert_allclose(reverse, forward, rtol=1e-12)
    value = jax.jit(time)
    for k, x in enumerate(values):
        if x == 0.0:
            continue
        h = 2e-5 * x
        up, down = (np.array(values) + s * h * np.eye(4)[k] for s in (1, -1))
        difference = (value(jnp.array(up)) - value(jnp.array(down))) / (2 * h)
        assert float(reverse[k]) == pytest.approx(float(difference), rel=1e-5)


def test_derivatives_by_what_a_person_sets():
    """Six parameters through jit, vmap and both modes; each has an effect; batched equals one by one."""

    def log_time(x):
        medium = eqx.tree_at(lambda p: (p.field, p.density), phase("wim"), (x[1], x[2]))
        return jnp.log(half_life(medium, x[0], 30.0, index=x[3], released_energy=x[4], growth_factor=x[5]))

    at = jnp.array([8.0, 5.0, 0.35, 2.2, 1.0, 1.0])
    many = jnp.stack([at, 1.1 * at])
    batched = jax.jit(jax.vmap(jax.value_and_grad(log_time)))(many)
    for k in range(2):
        value, slope = jax.jit(jax.value_and_grad(log_time))(many[k])
        np.testing.assert_allclose(batched[0][k], value, rtol=1e-10)
        np.testing.assert_allclose(batched[1][k], slope, rtol=1e-7)
    assert float(jnp.abs(slope).min()) > 1e-3
    run = jax.jit(log_time)
    for k in range(6):
        h = 2e-5 * at[k]
        difference = (run(at.at[k].add(h)) - run(at.at[k].add(-h))) / (2 * h)
        assert float(batched[1][0, k]) == pytest.approx(float(difference), rel=1e-5)


@pytest.mark.by_hand
def test_derivatives_of_a_large_batch_equal_those_of_a_small_one():
    rng = np.random.default_rng(2)
    columns = [10.0 ** rng.uniform(low, high, 128) for low, high in ((0, 5), (-3, -1), (0, 4), (0, 4))]
    gradient = jax.jit(jax.grad(lambda n: jnp.sum(scaled_half_life(n).time)))
    large, small = gradient(numbers(*columns)), gradient(numbers(*(c[[5, 70, 127]] for c in columns)))
    for x, y in zip(jax.tree.leaves(large), jax.tree.leaves(small), strict=True):
        np.testing.assert_allclose(x[jnp.array([5, 70, 127])], y, rtol=1e-8)


@pytest.mark.by_hand
def test_profiles_are_differentiable_in_both_modes():
    resolution = Resolution(cells=40, steps=80, after=10, sweeps=4)

    def late(index):
        solution = solve_cloud("wim", 10.0, 100.0, index=index, resolution=resolution)
        return jnp.log(solution.pressure[-1, 30])

    h = 1e-5
    difference = (late(2.2 + h) - late(2.2 - h)) / (2 * h)
    assert float(jax.grad(late)(2.2)) == pytest.approx(float(difference), rel=1e-5)
    assert float(jax.jacfwd(late)(2.2)) == pytest.approx(float(difference), rel=1e-5)


def test_solution_of_a_batch_and_its_bits():
    solution = solve_cloud("cnm", jnp.array([2.8, 2.7]), jnp.array([200.0, 1e3]), growth_factor=0.5)
    assert solution.pressure.shape == (2, 310, 120)
    assert solution.waves.shape == solution.kappa.shape == (2, 310, 121)
    np.testing.assert_allclose(solution.half_life[1], half_life("cnm", 2.7, 1e3, growth_factor=0.5), rtol=2e-3)
    assert int(solution.status[0]) & CloudStatus.EVANESCENT
    assert not int(solution.status[1]) & (CloudStatus.EVANESCENT | CloudStatus.FAILED)
    ambient = make_cloud("cnm").kappa_ambient(jnp.asarray(200.0))
    np.testing.assert_allclose(solution.kappa[0], ambient, rtol=1e-12)  # nothing grows in the band
    assert set(ADVICE) == set(CloudStatus) - {CloudStatus.OK}


def test_waves_of_a_kolmogorov_cascade():
    """The root of ν w² + μ w^{3/2} + c w = g, and a cloud that it drains faster."""
    gain, decay, nu, mu = jnp.geomspace(1e-3, 1e9, 50), 3.0, 0.7, 5.0
    resistance, slope = wave_level(gain, decay, nu, mu)
    w = 1.0 / resistance
    np.testing.assert_allclose(nu * w**2 + mu * w**1.5 + decay * w, gain, rtol=1e-9)
    np.testing.assert_allclose(slope, decay + 2 * nu * w + 1.5 * mu * jnp.sqrt(w), rtol=1e-12)
    plain = half_life("wim", 10.0, 100.0)
    cascading = half_life("wim", 10.0, 100.0, damping=(*DEFAULT, "cascade-kolmogorov"))
    assert float(cascading) < 0.99 * float(plain)


def test_single_precision():
    """Half-lives in float32 within 1e-4 of float64; dtype out is dtype in."""
    cases = [(0.5, 0.0, 0.0, 0.0), (3e4, 0.02, 5e3, 1e3), (1e3, 0.3, 30.0, 10.0), (1e6, 0.01, 1e5, 1e4)]
    columns = list(zip(*cases, strict=True))
    single, double = (scaled_half_life(numbers(*columns, dtype=t)).time for t in (jnp.float32, float))
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, double, rtol=1e-4)
    medium = jax.tree.map(lambda x: x.astype(jnp.float32), phase("cnm"))
    assert half_life(medium, jnp.float32(3.0), jnp.float32(30.0)).dtype == jnp.float32


def test_lowers_for_cuda():
    n = numbers(*[[1e3, 1e2], [0.1, 0.0], [10.0, 1.0], [10.0, 1.0]])
    gradient = jax.grad(lambda n: jnp.sum(scaled_half_life(n).time))
    jax.export.export(jax.jit(gradient), platforms=["cuda"])(n)
    jax.export.export(jax.jit(lambda r: solve_cloud("wim", r, 10.0).kappa), platforms=["cuda"])(8.0)
    jax.export.export(jax.jit(lambda e: escape("wim", e).radius), platforms=["cuda"])(100.0)
    jax.export.export(jax.jit(lambda r: grammage("cnm", r, 100.0)), platforms=["cuda"])(3.0)


def test_what_cannot_finish_says_so():
    time, status = half_life_status("wim", 3.0, 10.0, damping=("landau",), mach=1e-6, advection=False)
    assert int(status) == CloudStatus.FAILED
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
    energy = jnp.array([10.0, 1e3, 1e5])
    for name in PHASES:
        time, status = half_life_status(name, 10.0, energy)
        assert bool(jnp.all(time > 0.0))
        assert not bool(jnp.any(status & CloudStatus.FAILED))


@pytest.mark.by_hand
def test_escape_and_its_derivative():
    """A2 at 1 TeV without advection: HISM, L = 100 pc, adiabatic remnant in n = 0.01: 33.4 pc, 12.2 kyr."""
    remnant = Remnant(density=0.01, radiative=False)
    options = {"remnant": remnant, "injection_scale": 100.0, "advection": False}
    found = escape("hism", 1000.0, **options)
    assert float(found.radius) == pytest.approx(33.4, rel=3e-3)
    assert float(found.time) == pytest.approx(12.2, rel=3e-3)
    half = half_life("hism", found.radius, 1000.0, injection_scale=100.0, advection=False)
    assert float(half) == pytest.approx(float(found.time), rel=1e-6)

    def radius(released):
        return escape("hism", 1000.0, released_energy=released, **options).radius

    h = 1e-4
    difference = (radius(1.0 + h) - radius(1.0 - h)) / (2 * h)
    assert float(jax.grad(radius)(1.0)) == pytest.approx(float(difference), rel=1e-4)
    assert float(jax.jacfwd(radius)(1.0)) == pytest.approx(float(difference), rel=1e-4)
