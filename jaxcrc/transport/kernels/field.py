"""Bursts that spread along a magnetic field: anisotropic diffusion, and diffusion along wandering field lines.

z runs along the mean field, ϱ across it. As in `kernels`: arguments broadcast, the output has their common dtype,
values and derivatives stay finite, and nothing is there before the release.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.transport.kernels.safe import align, floor, squared, within


@plain_numbers
def anisotropic_burst(
    z: ArrayLike, rho: ArrayLike, time: ArrayLike, kappa_parallel: ArrayLike, kappa_perpendicular: ArrayLike
) -> Float[Array, "..."]:
    """Density of a burst from a point that diffuses faster along the field than across [pc⁻³ per particle].

    Equation: n = exp(−z²/4κ_∥t − ϱ²/4κ_⊥t) / [(4πt)^{3/2} κ_∥^{1/2} κ_⊥].
    Source: the Green's function of ∂ₜn = κ_∥ ∂²n/∂z² + κ_⊥ ∇_⊥²n; geometry of Nava & Gabici 2013.
    Arguments: z — along the field [pc]; rho — across it [pc]; time — since the release [kyr];
    kappa_parallel, kappa_perpendicular — diffusion coefficients [pc² kyr⁻¹].
    Validity: t ≫ κ_∥/c². With κ_⊥ = κ_∥ the isotropic burst.
    """
    z, rho, time, parallel, perpendicular = align(z, rho, time, kappa_parallel, kappa_perpendicular)
    (idle, along), (stuck, across) = squared(time, parallel), squared(time, perpendicular)
    centre = jnp.where(idle | stuck, 0.0, math.pi**-1.5 / jnp.sqrt(along) / across)
    return centre * jnp.exp(-(within(jnp.abs(z)) ** 2) / along - within(rho) ** 2 / across)


def line_spread(z: ArrayLike, magnetic_diffusion: ArrayLike, source_radius: ArrayLike) -> Float[Array, "..."]:
    """Squared width w² of the field lines that cross the source, n ∝ exp(−ϱ²/w²) [pc²].

    Equation: w² = 4 D_m |z| + R²/2: R²/2 is the mean square radius of a disc of radius R.
    Arguments: z — distance along the field [pc]; magnetic_diffusion — D_m, ⟨Δx²⟩ = 2 D_m |z| [pc]; source_radius [pc].
    """
    z, magnetic_diffusion, source_radius = align(z, magnetic_diffusion, source_radius)
    width = 4.0 * magnetic_diffusion * within(jnp.abs(z)) + 0.5 * within(source_radius) ** 2
    return jnp.maximum(width, floor(width))


@plain_numbers
def field_line_burst(
    z: ArrayLike,
    rho: ArrayLike,
    time: ArrayLike,
    kappa: ArrayLike,
    magnetic_diffusion: ArrayLike,
    source_radius: ArrayLike,
) -> Float[Array, "..."]:
    """Density of a burst of particles that are tied to wandering field lines [pc⁻³ per particle].

    Equation: n = (4πκt)^{−1/2} exp(−z²/4κt) · exp(−ϱ²/w²)/(πw²), w² = 4 D_m |z| + R²/2.
    Source: Nava & Gabici 2013, form as commonly quoted; the disc of radius R enters as a Gaussian of its mean square.
    Arguments: z — along the mean field [pc]; rho — across it [pc]; time — since the release [kyr]; kappa — diffusion
    coefficient along the lines [pc² kyr⁻¹]; magnetic_diffusion — D_m of the lines [pc]; source_radius — R of the disc
    that releases, across the field [pc].
    Validity: |z| beyond the coherence length of the field, t ≫ κ/c². For R = 0 singular at z = ϱ = 0.
    """
    z, rho, time, kappa = align(z, rho, time, kappa)
    idle, along = squared(time, kappa)
    across = line_spread(z, magnetic_diffusion, source_radius)
    centre = jnp.where(idle, 0.0, math.pi**-1.5 / jnp.sqrt(along))
    return centre / across * jnp.exp(-(within(jnp.abs(z)) ** 2) / along - within(rho) ** 2 / across)
