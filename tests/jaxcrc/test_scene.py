"""Paths lead to numbers, and to nothing else."""

import jax
import jax.numpy as jnp
import pytest

from jaxcrc import (
    Absorbing,
    Ballistic,
    Burst,
    Cloud,
    Cooled,
    ElectronBurst,
    ElectronPowerLaw,
    Homogeneous,
    LocalSea,
    Model,
    Nuisance,
    Point,
    PowerLaw,
    Released,
    Scene,
    SuppressedDiffusion,
    Uniform,
    UniformGas,
    View,
    bind,
    paths,
)
from jaxcrc.scene import describe, get
from jaxcrc.units import ELECTRON_MASS, PROTON_MASS

CHI = "components.escaped.medium.log10_chi"


@pytest.fixture
def scene():
    source = Released(PowerLaw(index=2.2, log10_cutoff=2.0), Burst(log10_energy=49.5, log10_age=4.5), Point())
    model = Model(source, SuppressedDiffusion(log10_chi=-1.0, delta=0.5, reference="nava16"), Homogeneous())
    view = View(distance=2.0, clouds={"b": Cloud(log10_mass=4.7, size=0.15, offset=0.6, depth=15.0)})
    return Scene({"escaped": model}, view, {"hess": Nuisance()}, UniformGas(density=1.0))


def test_paths_name_every_number(scene):
    found = set(paths(scene))
    assert len(found) == len(jax.tree.leaves(scene))
    assert {CHI, "view.distance", "view.clouds.b.depth", "data.hess.scale", "gas.density"} <= found


def test_bind_replaces_one_leaf_and_keeps_shape_and_dtype(scene):
    bound = bind(scene, {CHI: -2, "view.clouds.b.depth": 20.0})
    assert get(bound, CHI) == -2.0
    assert get(bound, CHI).dtype == get(scene, CHI).dtype
    assert get(bound, "view.clouds.b.depth") == 20.0
    assert get(scene, CHI) == -1.0
    assert jax.tree.structure(bound) == jax.tree.structure(scene)
    unchanged = [p for p in paths(scene) if p not in (CHI, "view.clouds.b.depth")]
    assert all(get(bound, p) == get(scene, p) for p in unchanged)


@pytest.mark.parametrize(
    ("path", "fragment"),
    [
        ("components.escaped.medium.log10_chy", "did you mean components.escaped.medium.log10_chi"),
        ("components.escaped.medium", "unknown parameter path"),
        ("components.escaped.medium.reference", "unknown parameter path"),
        ("nonsense", "known paths"),
    ],
)
def test_bind_refuses_what_is_no_leaf(scene, path, fragment):
    with pytest.raises(ValueError, match=fragment):
        bind(scene, {path: 1.0})


def test_bind_refuses_a_wrong_shape(scene):
    with pytest.raises(ValueError):
        bind(scene, {CHI: jnp.ones(3)})


def test_bind_is_traced_and_differentiated(scene):
    slope = jax.grad(lambda v: get(bind(scene, {CHI: v}), CHI) ** 2)(jnp.asarray(3.0))
    assert slope == 6.0
    many = jax.vmap(lambda v: get(bind(scene, {CHI: v}), CHI))(jnp.arange(3.0))
    assert many.tolist() == [0.0, 1.0, 2.0]


def test_each_parameter_has_unit_and_explanation(scene):
    for path in paths(scene):
        about = describe(scene, path)
        assert about["doc"], path
        assert about["low"] < about["high"], path


def test_a_transport_moves_what_its_source_releases_and_nothing_else():
    """Electrons from a source of protons would be 25 times too bright: no component can say so."""
    protons = Released(PowerLaw(index=2.2, log10_cutoff=2.0), Burst(log10_energy=49.5, log10_age=4.5))
    electrons = ElectronBurst(ElectronPowerLaw(index=2.2, log10_cutoff=2.0), log10_energy=48.0, log10_age=4.5)
    medium = SuppressedDiffusion(log10_chi=-1.0, delta=0.5, reference="nava16")
    moved = [
        (protons, (Homogeneous(), Ballistic(), Absorbing(boundary=9.0))),
        (electrons, (Cooled(),)),
        (LocalSea(), (Uniform(),)),
    ]
    for source, own in moved:
        for transport in (transport for _, transports in moved for transport in transports):
            if any(transport is one for one in own):
                assert Model(source, medium, transport).particle == source.particle
            else:
                with pytest.raises(ValueError, match=f"not {type(source).__name__}: give it such a source"):
                    Model(source, medium, transport)
    assert [Model(s, medium, t[0]).mass for s, t in moved] == [PROTON_MASS, ELECTRON_MASS, PROTON_MASS]
