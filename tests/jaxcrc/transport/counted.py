"""Places that sample all of space, and how many particles there have to be: released so far, less what has left."""

from __future__ import annotations

import math

import jax
import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr

from jaxcrc import Absorbing, Anisotropic, Ballistic, FieldLines, Leaky, RemnantBall, RemnantShell, Trapped

LIGHT = 306.6013938  # [pc kyr⁻¹]
CM, GEV = 3.0856775815e18, 1.602176634e-3  # of a pc, of an erg: [cm], [erg]
PROTON = 0.938272089  # [GeV]


def panels(edges, order):
    """Gauss–Legendre nodes and weights between edges."""
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.asarray(edges, float)
    half = 0.5 * np.diff(edges)
    return (edges[:-1, None] + half[:, None] * (1.0 + x)).ravel(), (half[:, None] * w).ravel()


def decades(low, high, each, order, *breaks):
    """Nodes crowded towards 0, with panels that end at `breaks`."""
    log = np.linspace(math.log10(low), math.log10(high), round((math.log10(high / low)) * each) + 1)
    return panels(np.unique(np.concatenate([[0.0], 10.0**log, breaks])), order)


def ball(breaks=(), high=2e4):
    """Places on a ray and the volumes that they stand for [pc³]."""
    r, w = decades(1e-3, high, 4, 10, *breaks)
    return r[:, None] * np.array([0.48, -0.6, 0.64]), 4.0 * math.pi * r**2 * w


def beamed(breaks):
    """Places at all angles to us, dense in front of the source, and their volumes."""
    r, w = decades(1e-3, 2e4, 4, 6, *breaks)
    less, dmu = decades(1e-7, 2.0, 2, 6)  # 1 − μ of the flight towards us
    mu = 1.0 - less
    unit = np.stack([np.sqrt(less * (2.0 - less)), 0.0 * mu, -mu], axis=-1)
    volume = 2.0 * math.pi * (r**2 * w)[:, None] * dmu
    return (r[:, None, None] * unit).reshape(-1, 3), volume.ravel()


def around(inclination, azimuth, width):
    """Places to both sides of a plane across an axis, where `width` [pc] is a function of the distance from it."""
    z, dz = decades(1e-4, 6e3, 3, 7)
    u, du = decades(1e-4, 30.0, 3, 7)
    rho = width(z)[:, None] * u
    volume = (2.0 * math.pi * rho * width(z)[:, None] * du * dz[:, None]).ravel()
    turn, tilt = math.radians(azimuth), math.radians(inclination)
    # Places are counted north, east and away from us; the azimuth from north through east.
    along = np.array([math.sin(tilt) * math.cos(turn), math.sin(tilt) * math.sin(turn), math.cos(tilt)])
    across = np.cross(along, [0.3, -0.5, 0.8])
    across /= np.linalg.norm(across)
    z = np.broadcast_to(z[:, None], rho.shape).ravel()[:, None] * along
    rho = rho.ravel()[:, None] * across
    return np.concatenate([z + rho, rho - z]), np.concatenate([volume, volume])


def everywhere(source, transport):
    """Places [place, 3] and volumes [pc³] for a transport."""
    match transport:
        case Anisotropic():
            ratio = 10.0 ** (0.5 * float(transport.log10_ratio))
            return around(float(transport.inclination), float(transport.azimuth), lambda z: 0.0 * z + 100.0 * ratio)
        case FieldLines():
            spread = 4.0 * 10.0 ** float(transport.log10_magnetic_diffusion)
            return around(float(transport.inclination), float(transport.azimuth), lambda z: np.sqrt(spread * z + 20.0))
        case Ballistic():
            front = [LIGHT * float(source.release.time())]
            return beamed(front) if type(source.release).__name__ == "Continuous" else ball(front)
        case Absorbing() | Leaky():
            return ball(high=float(transport.boundary))
        case Trapped():
            return ball(float(source.release.shock()) * np.linspace(0.7, 1.3, 13))
        case _:
            return ball([float(size) for size in jax.tree.leaves(source.shape)])


def spectrum(energy, index=2.2, cut=1e6):
    """Protons per GeV of kinetic energy and GeV released from 1 GeV to 5 PeV [GeV⁻²]."""

    def law(t):
        p = math.sqrt(t * (t + 2.0 * PROTON))
        return p**-index * math.exp(-p / cut) * (t + PROTON) / p

    norm = quad(lambda x: math.exp(2.0 * x) * law(math.exp(x)), 0.0, math.log(5e6), epsrel=1e-11, limit=200)[0]
    return np.array([law(float(t)) for t in energy]) / norm


def amount(release):
    """Energy released so far [GeV], trapped or not."""
    erg_per_gev, kyr = GEV, 3.15576e10
    if hasattr(release, "log10_energy"):
        return 10.0 ** float(release.log10_energy) / erg_per_gev
    age = 10.0 ** (float(release.log10_age) - 3.0)
    share = {
        "Continuous": lambda: age,
        "Finite": lambda: min(age, 10.0 ** (float(release.log10_duration) - 3.0)),
        "Linear": lambda: age / 2.0,
        "PowerLawInTime": lambda: age / (1.0 + float(release.slope)),
    }[type(release).__name__]()
    return 10.0 ** float(release.log10_power) * kyr * share / erg_per_gev


def kept(transport, release, kappa):
    """Share of the particles that a sphere with a leaking surface still holds; eigenmodes of ∂n/∂r = −v n/κ there."""
    size, speed = float(transport.boundary), float(transport.speed())
    age, shares = float(release.time()), []
    for k in np.asarray(kappa, float):
        modes = np.arange(1, 4001)
        if math.isinf(speed):
            x = modes * math.pi
        else:
            left = [1e-9 if m == 1 else (m - 1) * math.pi + 1e-9 for m in modes]
            h = 1.0 - speed * size / k
            ends = zip(left, modes * math.pi - 1e-12, strict=True)
            x = np.array([brentq(lambda x, h=h: x * math.cos(x) - h * math.sin(x), *pair) for pair in ends])
        beta, rate = x / size, k * (x / size) ** 2
        weight = beta * 4.0 * math.pi * (np.sin(x) - x * np.cos(x)) / beta**2
        weight /= 4.0 * math.pi * (size / 2.0 - np.sin(2.0 * x) / (4.0 * beta))
        if type(release).__name__ == "Burst":
            shares.append(np.sum(weight * np.exp(-rate * age)))
        else:
            terms = weight * -np.expm1(-rate * age) / (rate * age)
            shares.append(np.sum(terms) - 0.5 * terms[-1])  # signs alternate
    return np.array(shares)


def expected(source, medium, transport, grid):
    """Particles per GeV of kinetic energy over all space, in [pc³ cm⁻³ GeV⁻¹] as densities are [cm⁻³ GeV⁻¹]."""
    number = amount(source.release) * spectrum(np.asarray(grid.kinetic)) / CM**3
    if hasattr(source.release, "spread"):
        late = np.log(float(source.release.time()) / np.asarray(source.release.escape_time(grid.momentum)))
        out = ndtr(late / (2.5 * float(source.release.spread)))
        inside = isinstance(transport, Trapped) and isinstance(source.shape, RemnantBall | RemnantShell)
        number = number * (1.0 - out if inside else out)
    if isinstance(transport, Absorbing | Leaky):
        number = number * kept(transport, source.release, medium.kappa(grid.momentum))
    return number
