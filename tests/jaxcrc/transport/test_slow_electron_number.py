"""All electrons are found again in space: those released, moved down in energy by their losses, wherever they went."""

from __future__ import annotations

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import cumulative_simpson, quad, simpson
from scipy.interpolate import CubicSpline

from jaxcrc.medium.losses import lepton_loss
from jaxcrc.source.pulsar import (
    ElectronBrokenPowerLaw,
    ElectronBurst,
    ElectronLogParabola,
    ElectronPowerLaw,
    KnownAge,
    Pulsar,
    SteadyElectrons,
)
from jaxcrc.transport.electrons import Carried, Cooled, Wind
from tests.jaxcrc.transport.counted import CM, GEV, around, ball
from tests.jaxcrc.transport.test_electrons import FIELD, GEMINGA, INJECTION, PULSAR, TIMED, TOTAL

pytestmark = pytest.mark.slow
YEAR = 3.15576e7  # [s]

BROKEN = ElectronBrokenPowerLaw(index=1.6, index_above=2.6, log10_break=1.0, log10_cutoff=2.5)
CURVED = ElectronLogParabola(index=2.0, curvature=0.2, log10_cutoff=2.5)
SHARP = ElectronPowerLaw(index=2.0, log10_cutoff=2.0, sharpness=3.0)
SOURCES = {
    "pulsar": PULSAR,
    "timed pulsar": TIMED,
    "young pulsar": Pulsar(BROKEN, KnownAge(log10_age=3.5), log10_power=36.0, log10_efficiency=-0.4, log10_tau0=3.0),
    "old start": Pulsar(CURVED, KnownAge(log10_age=5.0), log10_power=36.0, log10_efficiency=-0.4, log10_tau0=2.0),
    "steady": SteadyElectrons(SHARP, log10_power=34.1, log10_age=5.0),
    "burst": ElectronBurst(INJECTION, log10_energy=48.0, log10_age=4.0),
    "nebula": replace(PULSAR, size=jnp.asarray(3.0)),
}
TRANSPORTS = {
    "cooled": Cooled(),
    "expansion": Cooled(expansion=0.5),
    "wind": Carried(Wind(north=300.0, east=100.0, away=-50.0)),
}


def extended(source, size):
    return replace(source, size=jnp.asarray(size))


def power(source, time):
    """Electrons' power [GeV/kyr] at a time since birth [kyr]; its index of spin-down is (n + 1)/(n − 1)."""
    unit = 1e3 * YEAR / GEV
    if isinstance(source, SteadyElectrons):
        return 10.0 ** float(source.log10_power) * unit * np.ones_like(time)
    tau0, n = 10.0 ** (float(source.log10_tau0) - 3.0), float(source.braking_index)
    fall = (1.0 + time / tau0) / (1.0 + float(source.age()) / tau0)
    return 10.0 ** float(source.log10_power + source.log10_efficiency) * unit * fall ** (-(n + 1.0) / (n - 1.0))


def law(injection, energy):
    """Electrons per GeV and GeV released above energy_min, from the shape alone."""
    shape = lambda e: np.exp(np.asarray(injection.log_law(e)))  # noqa: E731
    low, high = np.log(float(injection.energy_min)), np.log(float(injection.farthest()))
    bends = np.log([float(bend) for bend in injection.bends()] + [float(injection.cutoff())])
    energies = lambda x: np.exp(2.0 * x) * shape(np.exp(x))  # noqa: E731
    whole = quad(energies, low, high, points=bends, epsabs=0.0, epsrel=1e-9, limit=300)
    return np.where(energy <= float(injection.farthest()), shape(energy), 0.0) / whole[0]


def expected(source, expansion):
    """∫ Q(E', t') dE'/b(E), along what an electron of E has lost since t' [pc³ cm⁻³ GeV⁻¹]."""
    ln = np.linspace(np.log(float(TOTAL[0])), np.log(1e8), 200_001)
    energy = np.exp(ln)
    loss = np.asarray(lepton_loss(jnp.asarray(energy), GEMINGA)) + expansion / 977.7922 * energy
    clock = cumulative_simpson(energy / loss, x=ln, initial=0.0)  # [kyr] from there down to the lowest energy
    at, back, age = CubicSpline(ln, clock), CubicSpline(clock, ln), float(source.age())
    numbers = []
    for e in np.asarray(TOTAL):
        b, begin = np.interp(np.log(e), ln, loss), float(at(np.log(e)))
        oldest = float(back(begin + age)) if begin + age < clock[-1] else ln[-1]
        if isinstance(source, ElectronBurst):
            then = np.exp(oldest)
            rate = 10.0 ** float(source.log10_energy) / GEV * law(source.injection, np.array([then]))[0]
            numbers.append(rate * np.interp(oldest, ln, loss) / b if begin + age < clock[-1] else 0.0)
            continue
        since = np.concatenate([np.geomspace(1e-9, 1.0, 20_001)[:-1] * age, [age * (1.0 - 1e-15)]])
        since = np.concatenate([[0.0], np.unique(np.concatenate([since, age - since[::-1]]))])
        since = since[(since <= age) & (since >= 0.0) & (begin + since < clock[-1])]
        then = back(begin + since)
        rate = power(source, age - since) * law(source.injection, np.exp(then)) * np.interp(then, ln, loss) / b
        numbers.append(simpson(rate, x=since))
    return np.array(numbers) / CM**3


def everywhere(transport):
    """Places and volumes, on a plane through the drift where there is one."""
    if isinstance(transport, Cooled):
        return ball()
    north, east, away = np.asarray(transport.drift.velocity())
    tilt, turn = np.degrees(np.arctan2(np.hypot(north, east), away)), np.degrees(np.arctan2(east, north))
    return around(tilt, turn, lambda z: 0.0 * z + 30.0)


@pytest.mark.parametrize("size", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("name", ["pulsar", "steady", "burst"])
def test_a_nebula_is_its_points_smeared(name, size):
    """n(R) = ∫ n₀(r) [e^{−(r−R)²/2σ²} − e^{−(r+R)²/2σ²}] r/(√2π σ R) dr."""
    source = SOURCES[name]
    ends = [0.0, 0.01, 1.0, 20.0, 60.0 + 400.0 / size]
    pieces = [np.linspace(*pair, 3000, endpoint=False) for pair in itertools.pairwise(ends)]
    r = size * np.concatenate(pieces)[1:]
    point = np.asarray(FIELD(Cooled(), source, places=jnp.asarray(r)[:, None] * jnp.eye(1, 3))[0])
    at = np.array([1e-3, 1.0, 3.0, 10.0]) * size
    nebula = np.asarray(FIELD(Cooled(), extended(source, size), places=jnp.asarray(at)[:, None] * jnp.eye(1, 3))[0])
    for k, R in enumerate(at):
        bell = np.exp(-0.5 * ((r - R) / size) ** 2) - np.exp(-0.5 * ((r + R) / size) ** 2)
        smeared = np.trapezoid(point * bell * r / (R * size * np.sqrt(2.0 * np.pi)), r, axis=1)
        np.testing.assert_allclose(nebula[:, k], smeared, rtol=1e-3, atol=1e-9 * smeared.max())
        centre = np.asarray(FIELD(Cooled(), extended(source, size), places=jnp.zeros((1, 3)))[0])[:, 0]
    np.testing.assert_allclose(centre, nebula[:, 0], rtol=1e-5, atol=1e-12 * centre.max())


def test_a_small_nebula_is_a_point_and_no_size_is_special():
    places = jnp.array([0.3, 3.0, 30.0])[:, None] * jnp.eye(1, 3)
    seen = jax.jit(lambda size: jnp.log(FIELD(Cooled(), replace(PULSAR, size=size), places=places)[0][:3]))
    for size in (1e-12, 1e-6, 1e-3):
        np.testing.assert_allclose(seen(size), seen(0.0), rtol=0.0, atol=1e-6)
    # Where one closed form takes over from another, no step.
    sizes = jnp.geomspace(1e-3, 3.0, 300)
    bend = jnp.diff(jax.lax.map(seen, sizes)[:, :, 0], 2, axis=0)
    assert float(jnp.max(jnp.abs(bend))) < 2e-3
    for size in (0.0, 1e-12, 1e4):
        assert bool(jnp.all(jnp.isfinite(jax.jacfwd(seen)(size))))


@pytest.mark.parametrize("move", TRANSPORTS)
@pytest.mark.parametrize("name", SOURCES)
def test_number_closes(name, move):
    source, transport = SOURCES[name], TRANSPORTS[move]
    places, volume = everywhere(transport)
    found = np.asarray(FIELD(transport, source, places=jnp.asarray(places))[0]) @ volume
    total = expected(source, float(getattr(transport, "expansion", 0.0)))
    # At a broken law's energies the release has a kink in time.
    np.testing.assert_allclose(found, total, rtol=1e-4 if name == "young pulsar" else 1e-6, atol=1e-12 * total.max())
