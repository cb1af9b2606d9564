"""Quadrature over the inside of a cloud: the mean density of cosmic rays that its gas meets."""

from __future__ import annotations

import numpy as np
from scipy.special import roots_genlaguerre, roots_jacobi, roots_legendre

RADIAL_NODES = 5
POLAR_NODES = 8


def cloud_quadrature(shape: str, azimuths: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Nodes [node, 3] and weights [node] of the mean over a cloud of unit size: ⟨f⟩ = Σ w f(x).

    The first axis points away from the source. A density that is symmetric about that axis, as any round halo is,
    needs a single azimuth; others ask for more.
    Arguments: shape — "gaussian" (unit rms per axis) or "ball" (unit radius, uniform density); azimuths — nodes around.
    Source: Gauss quadratures of Laguerre, Jacobi and Legendre.
    Errors: ValueError for another shape.
    Validity: densities that a polynomial of degree 9 in radius and 15 in the polar cosine follows across the cloud.
    """
    if shape == "ball":
        x, weight = roots_jacobi(RADIAL_NODES, 0.0, 2.0)
        radius = 0.5 * (1.0 + x)
    elif shape == "gaussian":
        x, weight = roots_genlaguerre(RADIAL_NODES, 0.5)
        radius = np.sqrt(2.0 * x)
    else:
        raise ValueError(f"unknown cloud shape '{shape}': use 'gaussian' or 'ball'")
    cosine, share = roots_legendre(POLAR_NODES)
    sine, azimuth = np.sqrt(1.0 - cosine**2), 2.0 * np.pi * (np.arange(azimuths) + 0.5) / azimuths
    across = np.multiply.outer(sine, np.stack([np.cos(azimuth), np.sin(azimuth)], axis=-1))
    along = np.broadcast_to(cosine[:, None, None], (POLAR_NODES, azimuths, 1))
    direction = np.concatenate([along, across], axis=-1).reshape(-1, 3)
    node = (radius[:, None, None] * direction).reshape(-1, 3)
    share = np.repeat(share / share.sum(), azimuths) / azimuths
    return node, np.outer(weight / weight.sum(), share).ravel()
