"""NUTS in chunks: one trace, chains over devices, every chunk a place to stop and to go on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PRNGKeyArray
from numpyro.infer import NUTS

from fitting.inference.slopes import potential_slopes
from fitting.inference.whitening import Whitening
from fitting.problem.problem import Posterior, Problem

FIELDS = ("diverging", "num_steps", "accept_prob", "potential_energy")


@dataclass(frozen=True)
class Settings:
    """How long to sample. At least 4 chains, or R-hat means nothing."""

    chains: int = 4
    warmup: int = 500
    draws: int = 1000
    target_accept: float = 0.98
    chunk: int = 100
    max_tree_depth: int = 9


@dataclass(frozen=True)
class Chains:
    """Draws {path: [chain, draw]} and statistics {name: [chain, draw]}; about — what else a sampler tells of them."""

    draws: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]
    complete: bool
    about: dict[str, float] = field(default_factory=dict)


def _kernel(potential: Callable[[Array], Array], settings: Settings) -> NUTS:
    """NUTS in whitened coordinates."""
    return NUTS(
        potential_fn=potential,
        target_accept_prob=settings.target_accept,
        max_tree_depth=settings.max_tree_depth,
        dense_mass=False,  # the whitening has taken out the correlations
    )


def _start(settings: Settings, key: Array, first: Array, energy: Array, slope: Array) -> Any:
    """A chain's state before its first step. The density there is known already, so that the kernel is built on a
    stand-in: its gradient is the large thing to compile, and `_advance` does so anyway."""
    state = _kernel(jnp.sum, settings).init(key, settings.warmup, first, (), {})
    return state._replace(potential_energy=energy, z_grad=slope)


def _advance(settings: Settings, posterior: Posterior, whitened: Whitening, count: Array, state: Any) -> Any:
    """`count` draws of one chain, at most a chunk: the first so many rows of what comes back are theirs.

    How many is no constant of the program, so that warm-ups and chains of any length need no other compilation. The
    kernel learns its warm-up length in `init`, whose result is not used.
    """
    kernel = _kernel(lambda u: posterior.potential(whitened(u)), settings)
    kernel.init(jax.random.key(0), settings.warmup, jnp.zeros_like(whitened.centre), (), {})

    def told(state: Any) -> tuple[dict[str, Array], dict[str, Array]]:
        return posterior.constrain(whitened(state.z)), {name: getattr(state, name) for name in FIELDS}

    def step(row: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        state, rows = carry
        state = kernel.sample(state, (), {})
        return state, jax.tree.map(lambda kept, new: kept.at[row].set(new), rows, told(state))

    rows = jax.tree.map(lambda leaf: jnp.zeros((settings.chunk, *leaf.shape), leaf.dtype), jax.eval_shape(told, state))
    return jax.lax.fori_loop(0, count, step, (state, rows))


@lru_cache(maxsize=16)
def _over_chains(function: Callable[..., Any], settings: Settings, shared: int, chained: int) -> Callable[..., Any]:
    """The same function for all chains: spread over the devices, side by side on a GPU, in turn on a CPU core.

    Kept, so that fits of one shape share one compiled program.
    """
    devices = jax.local_devices()
    count = max(n for n in range(1, len(devices) + 1) if settings.chains % n == 0)
    in_turn = devices[0].platform == "cpu"

    def local(*arguments: Any) -> Any:
        constant, per_chain = arguments[:shared], arguments[shared:]
        one = lambda chain: function(settings, *constant, *chain)  # noqa: E731
        return jax.lax.map(one, per_chain) if in_turn else jax.vmap(one)(per_chain)

    if count == 1:
        return jax.jit(local)
    mesh = Mesh(np.array(devices[:count]), ("chain",))
    specs = (PartitionSpec(),) * shared + (PartitionSpec("chain"),) * chained
    mapped = jax.shard_map(local, mesh=mesh, in_specs=specs, out_specs=PartitionSpec("chain"), check_vma=False)
    sharding = NamedSharding(mesh, PartitionSpec())
    return jax.jit(lambda *a: mapped(*jax.lax.with_sharding_constraint(a[:shared], sharding), *a[shared:]))


def run_chains(
    problem: Problem,
    whitened: Whitening,
    key: PRNGKeyArray,
    settings: Settings,
    progress: Callable[[int, int, int], None] | None = None,
    keep: Callable[[Chains], None] | None = None,
) -> Chains:
    """Posterior draws by NUTS, started from the whitened Laplace approximation.

    Arguments: whitened — the coordinates to move in; progress — called with (draws done, draws in all, divergences);
    keep — called after each chunk with what has been drawn so far. A keyboard interrupt during sampling returns what
    has been drawn so far; during warm-up it is raised.
    """
    kept: list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = []
    total, complete = settings.warmup + settings.draws, True
    try:
        for done, draws, stats in _chunks(problem, whitened, key, settings):
            if done > settings.warmup:  # a chunk is of the warm-up or of the chain, never of both
                kept.append((draws, stats))
                if keep is not None and done < total:
                    keep(_joined(kept, complete=False))
            if progress is not None:
                progress(done, total, int(sum(s["diverging"].sum() for _, s in kept)))
    except KeyboardInterrupt:
        if not kept:
            raise
        complete = False
    return _joined(kept, complete)


def _joined(kept: list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]], complete: bool) -> Chains:
    draws, stats = (
        {name: np.concatenate([part[k][name] for part in kept], axis=1) for name in kept[0][k]} for k in (0, 1)
    )
    return Chains(draws, stats, complete)


def _chunks(
    problem: Problem, whitened: Whitening, key: PRNGKeyArray, settings: Settings
) -> Iterator[tuple[int, dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """Chunk after chunk: iterations done, draws and statistics of that chunk on the host."""
    first_key, chain_key = jax.random.split(key)
    first = jax.random.normal(first_key, (settings.chains, whitened.centre.size))
    keys = jax.random.split(chain_key, settings.chains)
    energies, slopes = potential_slopes(problem.posterior, np.asarray(jax.vmap(whitened)(first)), 1.0)
    pulled = jax.vmap(lambda u, slope: jax.vjp(whitened, u)[1](slope)[0])(first, jnp.asarray(slopes))
    program = replace(settings, draws=0)  # of any length
    start = _over_chains(_start, program, shared=0, chained=4)
    advance = _over_chains(_advance, program, shared=3, chained=1)
    state, done = start(keys, first, jnp.asarray(energies), pulled), 0
    for count in (*_counts(settings.warmup, settings.chunk), *_counts(settings.draws, settings.chunk)):
        state, rows = advance(problem.posterior, whitened, jnp.asarray(count), state)
        done += count
        draws, stats = jax.tree.map(lambda leaf, count=count: np.asarray(leaf)[:, :count], rows)
        yield done, draws, stats


def _counts(total: int, chunk: int) -> list[int]:
    """A number in whole chunks, and what is left."""
    return [chunk] * (total // chunk) + ([total % chunk] if total % chunk else [])
