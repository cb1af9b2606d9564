"""Alfvén waves in a partially ionised gas: the exact dispersion relation, solved in closed form.

With ω = iλ, ω_A = k V_A,i and any number of neutral species n,

    λ² [1 + Σ_n ν_in/(ν_ni + λ)] + ω_A² = 0.

One species gives a cubic. Writing its real root λ = −ν_ni − m turns it into (ν_ni + m)² (ν_in − m) = ω_A² m with 0 <
m < ν_in, and the wave that belongs to it has 2Γ = ν_in − m = ω_A² m/(ν_ni + m)² and ω_r² + Γ² = ω_A² ν_ni/(ν_ni + m):
no cancellation when the damping is small. Each further species adds one more real root between two of the −ν_ni,
which is divided out.
Source: Kulsrud & Pearce 1969; Zweibel & Shull 1982; Xu et al. 2015.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc.medium.diffusion import larmor_radius
from jaxcrc.medium.phases import Phase
from jaxcrc.units import S_PER_KYR

Value = Float[Array, "..."]

SPEED_FLOOR = (
    0.03  # V rises as a square root from the band's edges; below this fraction of V_A,t it is bent to a finite slope
)
EVANESCENT = ("none", "slowest")


class Mode(eqx.Module):
    """The wave at one wavenumber: amplitude damping [kyr⁻¹], phase speed ω_r/k [pc kyr⁻¹], and whether it cannot
    propagate.
    """

    damping: Value
    speed: Value
    evanescent: Array


def cubic_roots(b: Value, c: Value, d: Value) -> tuple[Value, Value, Value]:
    """(discriminant, lone real root, smallest and largest of three) of x³ + b x² + c x + d, in closed form.

    The discriminant is negative where there is one real root; the entries that do not apply hold numbers without
    meaning.
    Source: Cardano; Viète.
    """
    p = c - b**2 / 3.0
    q = b * (2.0 * b**2 / 27.0 - c / 3.0) + d
    half = (0.5 * q) ** 2 + (p / 3.0) ** 3
    root = jnp.cbrt(0.5 * jnp.abs(q) + jnp.sqrt(jnp.maximum(half, 0.0)))
    root = -jnp.where(q < 0.0, -1.0, 1.0) * jnp.where(root > 0.0, root, 1.0)
    lone = root - p / (3.0 * root)
    radius = jnp.sqrt(jnp.maximum(-p / 3.0, 0.0))
    cosine = jnp.clip(-0.5 * q / jnp.where(radius > 0.0, radius, 1.0) ** 3, -1.0, 1.0)
    angle = jnp.arccos(cosine) / 3.0
    three = jnp.stack([2.0 * radius * jnp.cos(angle + 2.0 * math.pi / 3.0), 2.0 * radius * jnp.cos(angle)])
    return -half, lone - b / 3.0, three - b / 3.0


def band_edges(ratio: Value) -> tuple[Value, Value]:
    """Edges of the evanescent band in (ω_A/ν_in)², for one neutral species with ratio = ρ_i/ρ_n; equal where there is
    no band.

    y₊ = [1 + 20ε − 8ε² + (1 − 8ε)^{3/2}]/8, y₋ = ε(1 + ε)³/y₊, from the discriminant of the cubic; a band exists for
    ε < 1/8.
    """
    gap = jnp.maximum(1.0 - 8.0 * ratio, 0.0)
    upper = (1.0 + 20.0 * ratio - 8.0 * ratio**2 + gap * jnp.sqrt(jnp.where(gap > 0.0, gap, 1.0))) / 8.0
    lower = jnp.where(gap > 0.0, ratio * (1.0 + ratio) ** 3 / jnp.where(gap > 0.0, upper, 1.0), upper)
    return lower, upper


def band_entry(medium: Phase) -> Value:
    """k V_A,t [kyr⁻¹] above which Alfvén waves of the phase stop propagating; inf where they never do."""
    ratio = medium.ion_density / jnp.where(medium.ionised < 1.0, medium.neutral_density, 1.0)
    exists = (medium.ionised < 1.0) & (ratio < 0.125)
    lower, _ = band_edges(jnp.where(exists, ratio, 0.1))
    entry = medium.ion_collisions * jnp.sqrt(lower) * medium.alfven_total / medium.alfven_ion
    return jnp.where(exists, entry, jnp.inf)


def _newton(x: Value, value: Value, slope: Value, floor: float) -> Value:
    """One Newton step, its slope kept away from zero."""
    safe = jnp.where(jnp.abs(slope) < floor, jnp.where(slope < 0.0, -floor, floor), slope)
    return x - value / safe


def _one_species(coupled: Value, decoupled: Value) -> tuple[Value, Value, Value, Array]:
    """(Γ, ω_r²) of the wave, the slowest Γ in the band, and whether inside it, in units of ω_A.

    Arguments: ν_ni/ω_A and ν_in/ω_A. The unknown is u = m/ν_in in (A + B u)² (1 − u) = u, A and B the arguments.
    """
    a, b = coupled, decoupled
    floor = jnp.maximum(b, 1.0e-6)
    ratio, y = jax.lax.stop_gradient((a / floor, floor**-2))
    _, lone, three = cubic_roots(2.0 * ratio - 1.0, ratio**2 - 2.0 * ratio + y, -(ratio**2))
    lower, upper = band_edges(ratio)
    inside = (y > lower) & (y < upper)

    def polish(u: Value) -> Value:
        u = jnp.clip(u, 0.0, 1.0)
        for gradient in (False, False, True):
            u = u if gradient else jax.lax.stop_gradient(u)
            value = (a + b * u) ** 2 * (1.0 - u) - u
            slope = (a + b * u) * (2.0 * b * (1.0 - u) - (a + b * u)) - 1.0
            u = _newton(u, value, slope, 1.0e-3)
        return u

    u = polish(jnp.where(inside, 0.5, lone))
    total = a + b * u
    damping = 0.5 * jnp.where(u > 0.5, b * u / total**2, b * (1.0 - u))
    frequency = a / total - damping**2
    slowest = a + b * polish(jnp.where(inside, three[0], 0.5))
    return damping, frequency, slowest, inside


def _several_species(coupled: Sequence[Value], decoupled: Sequence[Value]) -> tuple[Value, Value, Value, Array]:
    """As `_one_species`, for any number of neutral species: roots between the −ν_ni are found by bisection and
    divided out.
    """
    polynomial = _polynomial(coupled, decoupled)
    ends = -jnp.sort(jnp.stack(coupled), axis=0)
    drifts = []
    for left, right in zip(ends[1:], ends[:-1], strict=True):
        root = _root_between(polynomial, left, right)
        polynomial = _deflate(polynomial, root)
        drifts.append(-root)
    b, c, d = (term / polynomial[0] for term in polynomial[1:])
    discriminant, lone, three = cubic_roots(*jax.lax.stop_gradient((b, c, d)))
    inside = discriminant > 0.0

    def polish(x: Value) -> Value:
        for _ in range(2):
            x = _newton(jax.lax.stop_gradient(x), ((x + b) * x + c) * x + d, (3.0 * x + 2.0 * b) * x + c, 1.0e-6)
        return x

    r = polish(jnp.where(inside, -b, lone))
    damping = 0.5 * (b + r)
    frequency = -d / r - damping**2
    slowest = functools.reduce(jnp.minimum, drifts, -polish(jnp.where(inside, three[1], -b)))
    return damping, frequency, slowest, inside


def _polynomial(coupled: Sequence[Value], decoupled: Sequence[Value]) -> list[Value]:
    """Coefficients, highest power first, of (λ² + 1) Π(ν_ni + λ) + λ² Σ ν_in Π_others(ν_ni + λ), ω_A = 1."""

    def product(factors: Sequence[Value]) -> list[Value]:
        terms = [jnp.ones_like(coupled[0])]
        for factor in factors:
            low = [jnp.zeros_like(factor), *[factor * t for t in terms]]
            terms = [x + y for x, y in zip([*terms, jnp.zeros_like(factor)], low, strict=True)]
        return terms

    whole = product(coupled)
    zero = jnp.zeros_like(coupled[0])
    terms = [x + y for x, y in zip([*whole, zero, zero], [zero, zero, *whole], strict=True)]
    for i, rate in enumerate(decoupled):
        others = product([*coupled[:i], *coupled[i + 1 :]])
        terms = [x + y for x, y in zip(terms, [zero, *[rate * t for t in others], zero, zero], strict=True)]
    return terms


def _horner(polynomial: Sequence[Value], x: Value) -> tuple[Value, Value]:
    value, slope = polynomial[0], jnp.zeros_like(x)
    for term in polynomial[1:]:
        value, slope = value * x + term, slope * x + value
    return value, slope


def _root_between(polynomial: Sequence[Value], left: Value, right: Value) -> Value:
    """The one root between `left` and `right`, where the polynomial changes sign."""
    low, high = jax.lax.stop_gradient((left, right))
    fixed = jax.lax.stop_gradient(polynomial)
    sign = jnp.sign(_horner(fixed, low)[0])
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = jnp.sign(_horner(fixed, middle)[0]) == sign
        low, high = jnp.where(same, middle, low), jnp.where(same, high, middle)
    middle = 0.5 * (low + high)
    value, slope = _horner(polynomial, middle)
    return middle - value / jax.lax.stop_gradient(jnp.where(slope == 0.0, 1.0, slope))


def _deflate(polynomial: Sequence[Value], root: Value) -> list[Value]:
    """The polynomial divided by (x − root)."""
    terms = [polynomial[0]]
    for term in polynomial[1:-1]:
        terms.append(term + root * terms[-1])
    return terms


def bent_root(square: Value, floor: Value) -> Value:
    """√x above floor²; below, a cubic that leaves zero with zero slope and joins in value and slope; 0 for x < 0."""
    low = square < floor**2
    t = jnp.clip(square / floor**2, 0.0, 1.0)
    return jnp.where(low, floor * t**2 * (2.5 - 1.5 * t), jnp.sqrt(jnp.where(low, 1.0, square)))


def alfven_mode(medium: Phase, energy: ArrayLike, *, evanescent: str = "none") -> Mode:
    """The Alfvén wave that protons of `energy` resonate with, k r_L = 1.

    In the evanescent band nothing propagates: V = 0 and Γ is that of the slowest of the three damped modes; with
    evanescent="slowest", V = V_A,t there (strongly driven waves, Reville et al. 2021). V rises from the band's edges
    as a square root; below 0.03 V_A,t it is bent to a finite slope.

    Arguments: medium; energy — total energy [GeV]; evanescent — "none" or "slowest". Errors: ValueError for another
    word.
    Validity: ω ≪ proton gyrofrequency; 100 K < T < 1e5 K for the atomic collision rate.
    """
    if evanescent not in EVANESCENT:
        raise ValueError(f"evanescent must be one of {EVANESCENT}, got {evanescent!r}")
    ion = medium.alfven_ion
    frequency = ion / larmor_radius(energy, medium.field)
    coupled, decoupled = [medium.neutral_collisions / frequency], [medium.ion_collisions / frequency]
    for extra in medium.neutrals:
        rate = extra.rate * S_PER_KYR
        coupled.append(rate * medium.ion_density / extra.mass / frequency)
        decoupled.append(rate * extra.density / frequency)
    species = _one_species if len(coupled) == 1 else _several_species
    args = (coupled[0], decoupled[0]) if len(coupled) == 1 else (coupled, decoupled)
    damping, square, slowest, inside = species(*args)
    speed = ion * bent_root(jnp.where(inside, 0.0, square), SPEED_FLOOR * medium.alfven_total / ion)
    if evanescent == "slowest":
        speed = jnp.where(inside, medium.alfven_total, speed)
    return Mode(frequency * jnp.where(inside, slowest, damping), speed, inside)
