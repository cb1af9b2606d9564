"""Where the equations of the cloud stop to hold."""

from __future__ import annotations

import enum


class CloudStatus(enum.IntFlag):
    """What happened to a solution. Only FAILED makes it worthless; the rest says where the model leaves its range."""

    OK = 0
    FAILED = 1
    SUPERLUMINAL = 2
    BELOW_BOHM = 4
    STRONG_WAVES = 8
    EVANESCENT = 16
    GRID_EDGE = 32
    BALLISTIC = 64
    INCOHERENT = 128


ADVICE: dict[CloudStatus, str] = {
    CloudStatus.FAILED: "the half-life was not reached: the coupling is too strong for the steps; add damping or steps",
    CloudStatus.SUPERLUMINAL: "protons drift faster than light at the cloud's edge: diffusion does not hold there",
    CloudStatus.BELOW_BOHM: "κ falls below c r_L/3: the waves are too strong for the resonance to be sharp",
    CloudStatus.STRONG_WAVES: "δB exceeds B: quasi-linear theory does not hold",
    CloudStatus.EVANESCENT: "waves at this energy do not propagate (ion–neutral collisions): nothing grows, κ = κ₀",
    CloudStatus.GRID_EDGE: "particles left through the end of the mesh: enlarge `extent`",
    CloudStatus.BALLISTIC: "the cloud is shorter than the mean free path: release is not diffusive",
    CloudStatus.INCOHERENT: "the half-life exceeds the time to diffuse over the field's coherence length: not one tube",
}
