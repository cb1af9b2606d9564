"""Every release from every shape: positive, linear, the same by itself and in a batch, and no number without effect."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc import (
    Absorbing,
    Anisotropic,
    Ball,
    Ballistic,
    Burst,
    Continuous,
    Escaping,
    Explosion,
    FieldLines,
    Finite,
    Homogeneous,
    Leaky,
    Light,
    Linear,
    Point,
    PowerLaw,
    PowerLawCeiling,
    PowerLawInTime,
    Released,
    RemnantBall,
    RemnantShell,
    Shell,
    SuppressedDiffusion,
    Trapped,
    UniformGas,
)
from jaxcrc.transport.base import EnergyGrid, Surroundings
from jaxcrc.units import PROTON_MASS
from tests.jaxcrc.transport.counted import everywhere, expected

GRID = EnergyGrid(jnp.geomspace(20.0, 2e5, 6), jnp.ones(6, bool), PROTON_MASS)
PLACES = jnp.array([[1.0, 0.5, -0.3], [4.0, -2.0, 3.0], [0.0, 9.0, 4.0], [7.0, 20.0, 1.0]])
AROUND = Surroundings(UniformGas(density=300.0), Light())
MEDIUM = SuppressedDiffusion(log10_chi=-1.0, delta=0.4, reference="nava16")
ESCAPE = Escaping(
    Explosion(log10_age=4.0, energy_sn=1.0, ejecta_mass=1.4, density=1.0),
    PowerLawCeiling(log10_max_momentum=3.0, slope=2.5),
    log10_energy=50.0,
)
RELEASES = {
    "burst": Burst(log10_energy=49.5, log10_age=4.3),
    "continuous": Continuous(log10_power=37.5, log10_age=4.3),
    "finite": Finite(log10_power=37.5, log10_age=4.3, log10_duration=3.8),
    "linear": Linear(log10_power=37.5, log10_age=4.3),
    "power-law": PowerLawInTime(log10_power=37.5, log10_age=4.3, slope=-0.4),
    "escape": ESCAPE,
}
SHAPES = {
    "point": Point(),
    "ball": Ball(radius=6.0),
    "shell": Shell(radius=6.0),
    "remnant-ball": RemnantBall(),
    "remnant-shell": RemnantShell(),
}
MOVES = {
    "homogeneous": Homogeneous(),
    "with losses": Homogeneous(losses=True),
    "trapped": Trapped(),
    "anisotropic": Anisotropic(log10_ratio=-1.0, inclination=70.0, azimuth=30.0),
    "field-lines": FieldLines(log10_magnetic_diffusion=0.5, inclination=70.0, azimuth=30.0),
    "ballistic": Ballistic(),
    "absorbing": Absorbing(boundary=25.0),
    "leaky": Leaky(boundary=25.0, log10_speed=2.0),
}
LOSING = {("burst", "point"), ("finite", "point"), ("linear", "ball"), ("escape", "remnant-shell"), ("escape", "point")}
# What is tried with a transport, where it does not take everything or the same would be tried twice.
TAKES = {
    "trapped": lambda release, shape: release == "escape" and shape.startswith("remnant"),
    "with losses": lambda release, shape: (release, shape) in LOSING,
    "anisotropic": lambda release, shape: shape == "point" and release in ("burst", "linear", "escape"),
    "field-lines": lambda release, shape: (release, shape) in (("finite", "shell"), ("escape", "remnant-shell")),
    "ballistic": lambda release, shape: release in ("burst", "continuous") and shape == "point",
    "absorbing": lambda release, shape: release in ("burst", "continuous") and shape == "point",
    "leaky": lambda release, shape: release in ("burst", "continuous") and shape == "point",
}
QUICK = {
    ("escape", "remnant-shell", "field-lines"),
}
CASES = [
    pytest.param((release, shape, move), marks=[] if (release, shape, move) in QUICK else pytest.mark.slow)
    for release in RELEASES
    for shape in SHAPES
    for move in MOVES
    if (not shape.startswith("remnant") or release == "escape") and TAKES.get(move, lambda *_: True)(release, shape)
]


def whole(release, shape, move):
    return Released(PowerLaw(index=2.2, log10_cutoff=3.0), RELEASES[release], SHAPES[shape]), MEDIUM, MOVES[move]


@jax.jit
def density(parts, around=AROUND, places=PLACES):
    source, medium, transport = parts
    return transport.solve(source, medium, GRID, around).density(places)


@jax.jit
def slopes(parts, around=AROUND):
    def told(parts, around):
        n = density(parts, around)
        return jnp.sum(jnp.log(n + 1e-12 * jnp.max(n)) * jnp.arange(1.0, 1.0 + n.size).reshape(n.shape))

    return jax.grad(told, argnums=(0, 1))(parts, around)


@pytest.mark.parametrize("case", CASES, ids=" from ".join)
def test_identities(case):
    parts = source, medium, transport = whole(*case)
    places, volume = everywhere(source, transport)
    found = np.asarray(density(parts, AROUND, places))
    assert np.all(np.isfinite(found))
    assert np.all(found >= 0.0)
    if case[2] != "with losses":  # which are compared with the equation itself elsewhere
        total = expected(source, medium, transport, GRID)
        tabled = case[0] == "continuous" and case[2] == "ballistic"  # at so many places, to 1e-5
        np.testing.assert_allclose(found @ volume, total, rtol=1e-5 if tabled else 1e-6, atol=1e-12 * total.max())
    value = np.asarray(density(parts))
    assert np.any(value > 0.0)
    # Linear in the source: ten times the energy or power, ten times the particles.
    louder = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf + 1.0 if path[-1].name in ("log10_energy", "log10_power") else leaf, source
    )
    np.testing.assert_allclose(density((louder, medium, transport)), 10.0 * value, rtol=1e-12)
    # A batch gives what its members give.
    chis = jnp.array([-1.0, -0.5])
    batch = jax.vmap(lambda chi: density((source, eqx.tree_at(lambda m: m.log10_chi, medium, chi), transport)))(chis)
    np.testing.assert_allclose(batch[0], value, rtol=1e-10)
    # Not compiled, the same.
    with jax.disable_jit():
        np.testing.assert_allclose(density(parts), value, rtol=1e-9, atol=1e-12 * value.max())


@pytest.mark.parametrize("case", CASES, ids=" from ".join)
def test_no_number_is_ignored(case):
    by_parts, by_around = slopes(whole(*case))
    leaves = jax.tree_util.tree_leaves_with_path(by_parts)
    idle = {jax.tree_util.keystr(path) for path, slope in leaves if float(slope) == 0.0}
    assert all(np.isfinite(float(slope)) for _, slope in leaves)
    # Trapped particles do not diffuse, and sit inside the shock rather than ahead of it.
    at_rest = {"[1].log10_chi", "[1].delta", "[0].release.overshoot"} if case[2] == "trapped" else set()
    # From a place of its own size the remnant's radius does not matter but through what smears it.
    assert idle == at_rest
    assert (float(by_around.gas.density) < 0.0) == (case[2] == "with losses")


@pytest.mark.slow
def test_several_sources_add_up():
    one, two = whole("burst", "point", "homogeneous"), whole("escape", "remnant-shell", "homogeneous")
    both = sum(np.asarray(density(parts)) for parts in (one, two))
    assert np.all(both > np.maximum(density(one), 0.0) * (1.0 - 1e-12))


@pytest.mark.slow
def test_sharp_escape_is_the_shell_of_its_momentum():
    from jaxcrc import burst_shell

    release = eqx.tree_at(lambda r: r.spread, ESCAPE, jnp.asarray(0.005))
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), release, RemnantShell())
    kappa, momentum = MEDIUM.kappa(GRID.momentum), GRID.momentum
    since = release.time() - release.escape_time(momentum)
    gone = np.asarray(since) > 1.0
    expected = source.amplitude(GRID.kinetic)[:, None] * burst_shell(
        jnp.linalg.norm(PLACES, axis=1)[None, :],
        since[:, None],
        kappa[:, None],
        release.escape_radius(momentum)[:, None],
    )
    got = np.asarray(density((source, MEDIUM, Homogeneous())))
    assert gone.sum() >= 3
    np.testing.assert_allclose(got[gone], np.asarray(expected)[gone], rtol=1e-3)


@pytest.mark.slow
def test_trapped_and_escaped_together_are_all_particles():
    radius = np.linspace(0.0, 600.0, 60_001)[1:]
    places = jnp.asarray(np.stack([radius, 0.0 * radius, 0.0 * radius], axis=1))
    total = 0.0
    for shape, move in ((RemnantBall(), Homogeneous()), (RemnantBall(), Trapped())):
        source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), ESCAPE, shape)
        field = move.solve(source, MEDIUM, GRID, AROUND)
        total = total + np.sum(4.0 * np.pi * radius**2 * np.asarray(field.density(places)), axis=1) * (
            radius[1] - radius[0]
        )
    np.testing.assert_allclose(total[:4], np.asarray(source.amplitude(GRID.kinetic))[:4], rtol=1e-4)


def test_losses_are_turned_on_or_off():
    with pytest.raises(ValueError, match="losses = 'on': write true or false"):
        Homogeneous(losses="on")
