"""The house keeps its rules: which room may import which, who alone uses which library, how long a module may be."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 300

# Rooms from the top floor down: each may import those below, never up or sideways. Imports inside functions count.
FLOORS = [
    ["fitting.cli"],
    ["fitting.report", "fitting.inference"],
    ["fitting.runs"],
    ["fitting.cases"],
    ["fitting.problem"],
    ["fitting.setup"],
    ["fitting.tables"],
    ["fitting.words"],
    ["jaxcrc.forward"],
    ["jaxcrc.responses"],
    ["jaxcrc.scene"],
    ["jaxcrc.transport"],
    ["jaxcrc.emission", "jaxcrc.observe", "jaxcrc.source"],
    ["jaxcrc.medium"],
    ["jaxcrc.interactions"],
    ["jaxcrc.numerics"],
    ["jaxcrc._types"],
    ["jaxcrc.units"],
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
ONLY_IN = {
    "numpyro": {"fitting.problem", "fitting.inference"},
    "optax": {"fitting.inference"},
    "matplotlib": {"fitting.report"},
    "corner": {"fitting.report"},
    "rich": {"fitting.cli", "fitting.report"},
    "tomllib": {"fitting.cases", "fitting.cli"},
    "tomli_w": {"fitting.cases"},
    "arviz_stats": {"fitting.runs"},
    "xarray": {"fitting.runs", "fitting.inference", "fitting.report"},
    "astropy": {"jaxcrc.units", "fitting.tables", "fitting.cases", "fitting.runs", "fitting.report"},
}


def modules() -> dict[str, Path]:
    files = [p for package in ("jaxcrc", "fitting") for p in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in files}


MODULES = modules()
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}
FRONT_DOORS = ("jaxcrc", "fitting")
INSIDE = [module for module in MODULES if module not in FRONT_DOORS]


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def imports(module: str) -> list[str]:
    """Imported modules, those inside of functions too; what only a type checker sees is left out."""
    tree = TREES[module]
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    skipped = {id(inner) for block in guarded for inner in ast.walk(block)}
    found = []
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by dots: write the whole name"
            wholes = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [whole if whole in MODULES else str(node.module) for whole in wholes]
    return found


def own(module: str) -> list[str]:
    return [target for target in imports(module) if target.split(".")[0] in FRONT_DOORS]


def test_every_module_is_in_a_room():
    assert {room(module) for module in INSIDE} == set(LEVEL)


def test_imports_go_down():
    for module in INSIDE:
        for target in own(module):
            assert target not in FRONT_DOORS, f"{module} imports the package's front door"
            below = LEVEL[room(target)] > LEVEL[room(module)]
            assert below or room(target) == room(module), f"{module} imports {target}, which is not below it"


def test_no_circles():
    """Not within a room either: modules can be read one after the other."""
    left = {module: {target for target in own(module) if target != module} for module in INSIDE}
    while ready := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in ready:
            del left[module]
    assert not left, f"modules import each other in a circle: {sorted(left)}"


def test_libraries_stay_in_their_rooms():
    for module in MODULES:
        for target in imports(module):
            rooms = ONLY_IN.get(target.split(".")[0])
            assert rooms is None or room(module) in rooms, f"{module} imports {target}, which belongs to {rooms}"


def test_modules_stay_short():
    for module, path in MODULES.items():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LIMIT, module


def test_few_files_lie_flat():
    assert len([path for path in (ROOT / "fitting").iterdir() if path.is_file()]) <= 4


def test_public_names_have_docstrings():
    for module, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{module}.{node.name} has no docstring"


def test_physics_touches_no_files_and_no_global_configuration():
    for module, path in MODULES.items():
        if module.startswith("jaxcrc"):
            text = path.read_text(encoding="utf-8")
            for word in ("open(", "jax.config.update", "jax.random", "pathlib", "import matplotlib"):
                assert word not in text, f"{module} holds '{word}'"


def test_no_room_bears_the_name_of_a_public_function():
    import fitting
    import jaxcrc

    for package in (jaxcrc, fitting):
        functions = {name for name in dir(package) if callable(getattr(package, name))}
        rooms = {module.split(".")[1] for module in INSIDE if module.startswith(f"{package.__name__}.")}
        assert not functions & rooms


def test_pickle_and_eval_are_nowhere():
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{module} calls {node.func.id}"
        assert all(target.split(".")[0] not in ("pickle", "dill") for target in imports(module))
