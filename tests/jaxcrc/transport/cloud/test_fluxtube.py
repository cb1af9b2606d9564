"""A cloud as a transport: numbers conserved, the limits that have a closed form, what every parameter does."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from jaxcrc import Burst, CosmicRayCloud, Light, Point, PowerLaw, PowerLawDiffusion, Released, UniformGas, phase
from jaxcrc.observe.globe import Globe
from jaxcrc.source.release import Ball
from jaxcrc.source.remnant import Remnant
from jaxcrc.transport.base import EnergyGrid, Status, Surroundings
from jaxcrc.transport.cloud.field import inside_tube
from jaxcrc.units import PROTON_MASS

pytestmark = pytest.mark.slow

KINETIC = jnp.geomspace(100.0, 1.0e4, 9)
GRID = EnergyGrid(KINETIC, jnp.ones(9, bool), PROTON_MASS)
AROUND = Surroundings(UniformGas(density=jnp.asarray(1.0)), Light())
Z = jnp.concatenate([jnp.linspace(0.0, 40.0, 401), jnp.geomspace(40.2, 3000.0, 400)])


def source(log10_energy, log10_age=4.5):
    return Released(
        PowerLaw(index=2.2, log10_cutoff=3.0), Burst(log10_energy=log10_energy, log10_age=log10_age), Point()
    )


@eqx.filter_jit
def solved(transport, source, medium):
    field = transport.solve(source, medium, GRID, AROUND)
    return field, field.along(Z), field.chi(Z)


@pytest.fixture(scope="module")
def strong():
    """1e50 erg from a remnant of 31.6 kyr in the warm ionised medium, κ₀ = 1e28 (E/10 GeV)^½."""
    transport = CosmicRayCloud(phase("wim"), Remnant(density=0.35, radiative=False), energies=5)
    return solved(transport, source(50.0), PowerLawDiffusion(log10_kappa=28.0, delta=0.5))


def test_all_particles_are_in_the_tube(strong):
    """A27: ∫ n dV over both sides is what was released, energy by energy."""
    field, along, _ = strong
    number = 2.0 * jnp.trapezoid(along, Z, axis=1) * jnp.pi * field.radius() ** 2
    # The line through the cells holds up to 0.2 % more than they do; sums over cells feed the rings.
    np.testing.assert_allclose(number[::2] / field.amplitude[::2], 1.0, rtol=2e-3)
    cells = 2.0 * jnp.sum(jnp.exp(field.log_density) * jnp.diff(field.face, axis=1), axis=1)
    np.testing.assert_allclose(cells * jnp.pi * jnp.exp(2.0 * field.log_radius), 1.0, rtol=1e-4)


def test_waves_hold_particles_back(strong):
    field, _, chi = strong
    assert float(chi.min()) < 0.1
    np.testing.assert_allclose(field.log_chi[:, -1], 0.0, atol=1e-2)
    assert float(chi.max()) <= 1.0 + 1e-9


def test_few_particles_diffuse_as_if_alone(strong):
    """Π → 0: a slab of half-length a = 2R/3 spreads by κ₀ for the time since its release; κ/κ₀ = 1."""
    slow = eqx.tree_at(lambda p: p.density, phase("wim"), jnp.asarray(1e8))  # waves stand still
    transport = CosmicRayCloud(slow, Remnant(density=0.35, radiative=False), energies=5)
    field, along, chi = solved(transport, source(43.0), PowerLawDiffusion(log10_kappa=28.0, delta=0.5))
    np.testing.assert_allclose(chi, 1.0, rtol=1e-4)
    kappa = PowerLawDiffusion(log10_kappa=28.0, delta=0.5).kappa(GRID.momentum)
    for k in range(0, 9, 2):  # where an energy of the grid is one of the few
        radius, left = float(field.radius()[k]), float(field.release_time[k // 2])
        a, width = 2.0 * radius / 3.0, 2.0 * np.sqrt(float(kappa[k]) * (10**1.5 - left))
        z = np.asarray(Z)
        exact = 0.5 * (erf((z + a) / width) - erf((z - a) / width)) / (4.0 / 3.0 * np.pi * radius**3)
        seen = np.asarray(along[k] / field.amplitude[k])
        inside = exact > 2e-2 * exact.max()
        np.testing.assert_allclose(seen[inside], exact[inside], rtol=2e-2)


def test_the_tube_has_a_direction_an_edge_and_a_covering(strong):
    field = eqx.tree_at(lambda f: f.covering, strong[0], jnp.asarray(0.25))
    radius = float(field.radius()[0])
    on_axis = field.density(10.0 * field.axis[None])
    np.testing.assert_allclose(on_axis, 0.25 * field.along(jnp.array([10.0])), rtol=1e-2)
    beside = field.density(jnp.array([[10.0, 0.0, 3.0 * radius]]))
    assert float(jnp.max(beside[:1] / on_axis[:1])) < 1e-12
    rho = jnp.linspace(0.0, 3.0 * radius, 3001)
    area = jnp.trapezoid(2.0 * jnp.pi * rho * inside_tube(rho, radius), rho)
    assert float(area) == pytest.approx(np.pi * radius**2, rel=1e-4)


@pytest.mark.parametrize(
    ("inclination", "distance"),
    [(90.0, np.inf), (40.0, np.inf), (90.0, 150.0), (40.0, 150.0), (140.0, 150.0), (150.0, 400.0)],
)
def test_rings_see_the_tube_as_counting_does(strong, inclination, distance):
    """All of it in a circle that is wide enough; ring by ring as points strewn evenly over its cross-section."""
    slant = np.radians(inclination)
    axis = jnp.array([np.sin(slant), 0.0, np.cos(slant)])
    field = eqx.tree_at(lambda f: f.axis, strong[0], axis)
    everything = field.rings(jnp.array([0.0, 1e5]))[::2, 0] * jnp.pi * 1e10
    np.testing.assert_allclose(everything / field.amplitude[::2], 1.0, rtol=1e-3)
    inner, outer = np.array([0.0, 5.0, 20.0, 40.0]), np.array([5.0, 20.0, 40.0, 80.0])
    solid = Globe(distance).ring(inner, outer)
    found = np.asarray(field.rings(jnp.array([*inner, outer[-1]]), distance))[0] * solid
    face, density = np.asarray(field.face[0]), np.exp(np.asarray(field.log_density[0])) * float(field.amplitude[0])
    z = np.linspace(-200.0, 200.0, 2001)
    along = np.interp(np.abs(z), 0.5 * (face[1:] + face[:-1]), density) * (z[1] - z[0])
    radius = float(jnp.exp(field.log_radius[0]))
    count = np.arange(3000)
    rho, phi = radius * np.sqrt((count + 0.5) / count.size), np.pi * (3.0 - np.sqrt(5.0)) * count
    x, y = (rho * np.sin(phi))[:, None], (rho * np.cos(phi))[:, None]
    across = np.hypot(z * np.sin(slant) - y * np.cos(slant), x)
    depth = 1.0 + (z * np.cos(slant) + y * np.sin(slant)) / distance  # from us, in distances of the remnant
    on_sky = across if np.isinf(distance) else distance * np.arctan2(across, distance * depth)
    light = along * ((depth**2 + (across / distance) ** 2) ** -1.0)
    counted = [
        np.sum(np.mean(light * ((on_sky >= a) & (on_sky < b)), axis=0)) for a, b in zip(inner, outer, strict=True)
    ]
    np.testing.assert_allclose(found, np.pi * radius**2 * np.array(counted), rtol=0.02)


def test_status_tells_what_happened(strong):
    assert not int(strong[0].status) & (Status.FAILED | Status.GRID_EDGE | Status.EVANESCENT)


def test_bad_input():
    for change, words in (
        ({"damping": ("drag",)}, "nlld"),
        ({"release": "slowly"}, "halflife"),
        ({"evanescent": "no"}, "slowest"),
        ({"energies": 2}, "at least 4"),
        ({"advection": "on"}, "true or false"),
    ):
        with pytest.raises(ValueError, match=words):
            CosmicRayCloud(phase("wim"), **change)
    ball = Released(PowerLaw(index=2.2, log10_cutoff=3.0), Burst(log10_energy=50.0, log10_age=4.5), Ball(radius=5.0))
    with pytest.raises(ValueError, match="burst from a point"):
        CosmicRayCloud(phase("wim")).solve(ball, PowerLawDiffusion(log10_kappa=28.0, delta=0.5), GRID, AROUND)


def test_single_precision_and_cuda():
    parts = (
        CosmicRayCloud(phase("wim"), energies=4),
        source(50.0),
        PowerLawDiffusion(log10_kappa=28.0, delta=0.5),
        GRID,
    )
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, parts)

    def along(t, s, m, g):
        return t.solve(s, m, g, AROUND).along(jnp.asarray([10.0], g.kinetic.dtype))

    assert eqx.filter_eval_shape(along, *single).dtype == jnp.float32
    arrays, static = eqx.partition(parts, eqx.is_array)
    jax.export.export(jax.jit(lambda a: along(*eqx.combine(a, static))), platforms=["cuda"])(arrays)
