"""What a table sees: a density without columns of its own, and what cannot be seen."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc import Model, Scene, Setup, UniformGas, View, predict
from jaxcrc.responses.channel import Alone, Channel, Strength
from jaxcrc.responses.tube import Ribbon
from jaxcrc.source.sea import LocalSea
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.transport.uniform import Uniform
from jaxcrc.units import PROTON_MASS

ENERGIES, PHOTONS, NODES = 6, 4, 5
MATRIX = jnp.linspace(0.5, 2.0, 1 * 3 * NODES).reshape(1, 3, NODES)
GAS = jnp.linspace(1.0, 9.0, NODES)
HERE = Scene({}, View(distance=1.0))
EMISSION = jnp.linspace(0.1, 1.0, 2 * PHOTONS * ENERGIES).reshape(2, PHOTONS, ENERGIES)


@pytest.mark.parametrize("on_gas", [True, False])
def test_the_same_density_everywhere_may_have_one_column(on_gas):
    channel = Channel("sea", EMISSION[:1], on_gas, Alone())
    density = jnp.geomspace(1.0, 1e-3, ENERGIES)[:, None]
    one, all_nodes = (
        channel.seen(column, GAS, MATRIX, HERE) for column in (density, jnp.broadcast_to(density, (ENERGIES, NODES)))
    )
    assert one.shape == (PHOTONS, 3)
    np.testing.assert_allclose(one, all_nodes, rtol=1e-14)


def test_several_matrices_of_light_need_weights():
    density = jnp.ones((ENERGIES, NODES))
    mixed = Channel("halo", EMISSION, True, Strength(1.0, 10.0, 2)).seen(density, GAS, MATRIX, HERE)
    assert mixed.shape == (PHOTONS, 3)
    with pytest.raises(ValueError, match="2 matrices of light"):
        Channel("halo", EMISSION, True, Alone()).seen(density, GAS, MATRIX, HERE)


def test_a_table_needs_something_that_shines():
    grid = EnergyGrid(jnp.geomspace(20.0, 2e5, ENERGIES), jnp.ones(ENERGIES, bool), PROTON_MASS)
    scene = Scene({"sea": Model(LocalSea(), None, Uniform())}, View(distance=1.0))
    with pytest.raises(ValueError, match="'dark' has no response"):
        predict(scene, Setup({"sea": grid}, {"dark": ()}))


def test_a_ribbon_sees_nothing_but_a_tube():
    grid = EnergyGrid(jnp.geomspace(20.0, 2e5, ENERGIES), jnp.ones(ENERGIES, bool), PROTON_MASS)
    scene = Scene({"sea": Model(LocalSea(), None, Uniform())}, View(distance=1.0), {}, UniformGas(density=1.0))
    field = Uniform().solve(LocalSea(), None, grid, scene.surroundings("sea"))
    channel = Channel("sea", EMISSION[:1], False, Alone())
    edges, projection = jnp.array([0.0, 1e-3, 2e-3]), jnp.ones((1, 1, 1, 2))
    ribbon = Ribbon(edges=edges, projection=projection, channels=(channel,), place=("sea",))
    with pytest.raises(ValueError, match="component 'sea' gives a UniformField"):
        ribbon.ask(scene, {"sea": field})
