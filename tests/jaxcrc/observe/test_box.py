"""What boxes and off-centre annuli hold of a Gaussian source, against the closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import erf

from jaxcrc.observe import psf as psfs
from jaxcrc.observe import sight

WIDTH = 0.5
NODES = sight.radial_nodes(0.02, 2.0, reach=40.0)
DENSITY = np.exp(-((NODES.radius / WIDTH) ** 2)) * np.pi**-1.5 / WIDTH**3
BOXES = [(-0.3, 0.5, -0.2, 0.4), (0.1, 0.7, -0.6, 0.2), (0.0, 0.5, 0.0, 0.4), (-1.4, -1.0, 0.5, 0.8)]


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("box", BOXES)
def test_box_of_a_gaussian(box, sigma):
    left, right, bottom, top = box
    width = np.hypot(WIDTH, np.sqrt(2.0) * sigma)
    share = 0.25 * (erf(right / width) - erf(left / width)) * (erf(top / width) - erf(bottom / width))
    got = sight.box_mean(NODES, box, psfs.Gaussian(sigma) if sigma else None) @ DENSITY
    # The interpolant between the nodes is good to 1e-6 of the peak.
    np.testing.assert_allclose(got, share / ((right - left) * (top - bottom)), rtol=1e-6)


def test_box_with_a_top_hat_psf_adds_up_to_all_light():
    halves = [
        sight.box_mean(NODES, box, psfs.TopHat(0.1)) @ DENSITY * 25.0 for box in ((-5, 0, -2.5, 2.5), (0, 5, -2.5, 2.5))
    ]
    np.testing.assert_allclose(halves, 0.5, rtol=1e-6)


def test_annuli_off_centre_hold_the_light_of_a_gaussian():
    got = sight.annulus_means(NODES, [0.0, 0.2, 0.5], [0.2, 0.5, 0.9], psfs.Gaussian(0.1), offset=0.35) @ DENSITY
    width = WIDTH**2 + 2.0 * 0.01
    for value, low, high in zip(got, (0.0, 0.2, 0.5), (0.2, 0.5, 0.9), strict=True):
        light = dblquad(
            lambda phi, r: r * np.exp(-(r * r + 0.35**2 - 0.7 * r * np.cos(phi)) / width) / (np.pi * width),
            low, high, 0.0, 2.0 * np.pi, epsabs=1e-11,
        )[0]  # fmt: skip
        np.testing.assert_allclose(value, light / (np.pi * (high**2 - low**2)), rtol=1e-6)


@pytest.mark.parametrize("box", [(0.2, 0.1, 0.0, 1.0), (0.0, 1.0, 1.0, 1.0), (0.0, 200.0, 0.0, 1.0)])
def test_impossible_boxes_are_refused(box):
    with pytest.raises(ValueError, match="box"):
        sight.box_mean(NODES, box)
