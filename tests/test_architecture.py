"""The house keeps its rules: who may import whom, who alone uses which library, how long a module may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 300

# Top may import down, never up or sideways (but within a room).
ORDER = [
    ["fitting.cli"],
    ["fitting.commands"],
    ["fitting.report"],
    ["fitting.sections", "fitting.page", "fitting.figures", "fitting.verdict"],
    ["fitting.combinations", "fitting.predictive"],
    ["fitting.inference", "fitting.scans", "fitting.compare"],
    ["fitting.sample"],
    ["fitting.coordinates"],
    ["fitting.optimize"],
    ["fitting.search"],
    ["fitting.descent", "fitting.slopes"],
    ["fitting.lbfgs"],
    ["fitting.run"],
    ["fitting.labels"],
    ["fitting.clouds"],
    ["fitting.case"],
    ["fitting.problem"],
    ["fitting.assembly"],
    ["fitting.ribbons"],
    ["fitting.places"],
    ["fitting.blurs", "fitting.regions"],
    ["fitting.layout"],
    ["fitting.mock"],
    ["fitting.radiation"],
    ["fitting.bands"],
    ["fitting.case_light"],
    ["fitting.kinds"],
    ["fitting.likelihood", "fitting.tables", "fitting.priors", "fitting.options"],
    ["fitting.table_ecsv", "fitting.table_text"],
    ["fitting.table_meta"],
    ["fitting.table_checks"],
    ["jaxcrc.forward"],
    ["jaxcrc.points", "jaxcrc.ribbon"],
    ["jaxcrc.response"],
    ["jaxcrc.channel"],
    ["jaxcrc.scene"],
    ["jaxcrc.transport"],
    ["jaxcrc.emission", "jaxcrc.observe", "jaxcrc.source"],
    ["jaxcrc.medium"],
    ["jaxcrc.interactions"],
    ["jaxcrc.numerics"],
    ["jaxcrc.units"],
    ["jaxcrc._types"],
]
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
ONLY_IN = {
    "numpyro": {"fitting.priors", "fitting.problem", "fitting.sample"},
    "optax": {"fitting.lbfgs"},
    "matplotlib": {"fitting.report", "fitting.figures"},
    "corner": {"fitting.report", "fitting.figures"},
    "rich": {"fitting.commands", "fitting.report"},
    "tomllib": {"fitting.case"},
    "tomli_w": {"fitting.case"},
    "arviz_stats": {"fitting.run"},
    "xarray": {"fitting.run", "fitting.scans", "fitting.report", "fitting.figures"},
    "astropy": {
        "jaxcrc.units",
        "fitting.tables",
        "fitting.table_ecsv",
        "fitting.table_meta",
        "fitting.table_text",
        "fitting.table_checks",
        "fitting.assembly",
        "fitting.case",
        "fitting.clouds",
        "fitting.layout",
        "fitting.run",
        "fitting.compare",
        "fitting.report",
        "fitting.figures",
    },
}
# A Run draws itself: one-line imports of the report inside its methods.
DEFERRED = {("fitting.run", "fitting.report")}


def modules() -> dict[str, Path]:
    files = [p for package in ("jaxcrc", "fitting") for p in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in files}


MODULES = modules()


def room(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2])


def imports(path: Path) -> list[tuple[str, bool]]:
    """Imported modules and whether the import stands at the top level (type-checking blocks left out)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    skipped = {id(inner) for block in guarded for inner in ast.walk(block)}
    top = {id(n) for n in tree.body}
    found = []
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.append((whole if whole in MODULES else node.module, id(node) in top))
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if m not in ("jaxcrc", "fitting")])
def test_every_module_has_a_level(module):
    assert room(module) in LEVEL, f"{module}: give it a level in ORDER"


@pytest.mark.parametrize("module", [m for m in MODULES if m not in ("jaxcrc", "fitting")])
def test_imports_go_down(module):
    for target, _ in imports(MODULES[module]):
        if target.split(".")[0] not in ("jaxcrc", "fitting") or (module, target) in DEFERRED:
            continue
        assert target not in ("jaxcrc", "fitting"), f"{module} imports the package's front door"
        same_room = room(target) == room(module)
        if module == "fitting.cli" and target == "fitting.commands":
            continue
        assert same_room or LEVEL[room(target)] > LEVEL[room(module)], (
            f"{module} imports {target}, which is not below it"
        )


@pytest.mark.parametrize("module", list(MODULES))
def test_libraries_stay_in_their_rooms(module):
    for target, _ in imports(MODULES[module]):
        library = target.split(".")[0]
        if library in ONLY_IN:
            assert room(module) in ONLY_IN[library], (
                f"{module} imports {library}, which belongs to {sorted(ONLY_IN[library])}"
            )


@pytest.mark.parametrize("module", list(MODULES))
def test_modules_stay_short(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LIMIT


@pytest.mark.parametrize("module", list(MODULES))
def test_public_names_have_docstrings(module):
    for node in ast.parse(MODULES[module].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{module}.{node.name} has no docstring"


def test_physics_touches_no_files_and_no_global_configuration():
    for module, path in MODULES.items():
        if module.startswith("jaxcrc"):
            text = path.read_text(encoding="utf-8")
            for word in ("open(", "jax.config.update", "jax.random", "pathlib", "import matplotlib"):
                assert word not in text, f"{module} holds '{word}'"


def test_no_module_bears_the_name_of_a_public_function():
    import fitting
    import jaxcrc

    for package in (jaxcrc, fitting):
        functions = {name for name, value in vars(package).items() if callable(value)}
        own = {m.split(".")[1] for m in MODULES if m.startswith(f"{package.__name__}.")}
        assert not functions & own


def test_pickle_and_eval_are_nowhere():
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{module} calls {node.func.id}"
        assert all(target.split(".")[0] not in ("pickle", "dill") for target, _ in imports(path))
