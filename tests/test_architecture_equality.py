"""The house is as docs/explanation/architecture.md describes it: directions of imports, names, sizes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "tremorflow"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = (  # a room may import rooms of lower floors; a new room needs a place here
    ("errors", "options", "whole_files", "resources"),
    ("records", "geodesy", "counting"),
    ("plate", "truth", "disturbed"),
    (
        *("io", "traveltime", "spectrogram", "preprocess", "simulate"),
        *("classifier", "associate", "locate", "energy", "catalog"),
    ),
    ("detections",),
    ("analysis", "settings"),
    ("explain", "chance", "capability"),
    ("figures",),
    ("batch",),
    ("terminal",),
    ("cli",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
SHARED_STAGES = {"traveltime", "spectrogram"}  # other stages may import them
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "core", "base", "common", "misc", "tools"}
MAY_CATCH_ALL = {"batch/run.py"}  # the loop over shards records the failure and goes on
MAY_PRINT = {"cli"}

MAX_FUNCTION_LINES, MAX_95TH_PERCENTILE, MAX_MODULE_LINES, MAX_METHODS, MAX_PARAMETERS = 60, 35, 500, 12, 7


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_modules(path: Path) -> Iterator[str]:
    """Every module of the package that a file imports, wherever in the file, as a dotted name."""
    package = ("tremorflow", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "tremorflow")
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            whole = ".".join((*above, *((node.module or "").split(".") if node.module else ())))
            if whole.split(".")[0] == "tremorflow":
                yield from (f"{whole}.{alias.name}" for alias in node.names)


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports, its own left out; the version is everybody's."""
    rooms = {module.split(".")[1] for module in imported_modules(path) if "." in module}
    return rooms - {"__version__", room_of(path)}


def functions() -> Iterator[tuple[str, int]]:
    """Name and code lines (no docstring, comment or blank) of every function."""
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                span = lines[body[0].lineno - 1 : node.end_lineno] if body else []
                code = [line for line in span if line.strip() and not line.strip().startswith("#")]
                yield f"{name_of(path)}:{node.lineno} {node.name}", len(code)


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in MODULES} - {"__init__", "__main__"}
    assert rooms <= set(FLOOR_OF), "a new room: write in FLOORS what it may import"


@pytest.mark.parametrize("path", [path for path in MODULES if path != PACKAGE / "__init__.py"], ids=name_of)
def test_imports_go_down_one_way(path):
    own = FLOOR_OF[room_of(path)]
    upward = {
        room
        for room in imported_rooms(path)
        if FLOOR_OF[room] > own or (FLOOR_OF[room] == own and room not in SHARED_STAGES)
    }
    assert not upward, f"{name_of(path)} must not import {upward}"


def test_the_walker_sees_imports_of_every_form(tmp_path, monkeypatch):
    """The guard above is worth what its walker sees: deep, relative, in a function, of the package itself."""
    monkeypatch.setattr("test_architecture_equality.PACKAGE", tmp_path)
    path = tmp_path / "catalog" / "compare.py"
    path.parent.mkdir()
    path.write_text(
        "import tremorflow.figures.map\n"
        "from tremorflow import cli, __version__\n"
        "from ..io import archive\n"
        "from . import formats\n"
        "def late():\n    from tremorflow.locate.grid import make_grid\n"
    )
    assert imported_rooms(path) == {"figures", "cli", "io", "locate"}


def test_no_module_of_a_name_that_says_nothing():
    names = {name_of(path): set(path.relative_to(PACKAGE).with_suffix("").parts) for path in MODULES}
    assert not [name for name, parts in names.items() if VAGUE_NAMES & parts]


def test_functions_are_short():
    lengths = dict(functions())
    long = {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES}
    assert not long
    assert np.percentile(list(lengths.values()), 95) <= MAX_95TH_PERCENTILE


def test_modules_and_classes_are_small():
    for path in MODULES:
        count = len(path.read_text(encoding="utf-8").splitlines())
        assert count <= MAX_MODULE_LINES, f"{name_of(path)} has {count} lines"
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.ClassDef):
                methods = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
                public = [name for name in methods if not name.startswith("_")]
                assert len(public) <= MAX_METHODS, f"{name_of(path)}: class {node.name} has {public}"


def test_parameters_are_few():
    for path in MODULES:
        if room_of(path) in MAY_PRINT:
            continue  # a command has as many as it has options
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.FunctionDef):
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                count = len([name for name in names if name not in ("self", "cls")])
                assert count <= MAX_PARAMETERS, f"{name_of(path)}:{node.lineno} {node.name} takes {count}"


def catches_everything(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in kinds)


def test_everything_is_caught_in_named_places_only():
    for path in MODULES:
        handlers = [node for node in ast.walk(syntax_tree(path)) if isinstance(node, ast.ExceptHandler)]
        caught = [handler.lineno for handler in handlers if catches_everything(handler)]
        assert not caught or name_of(path) in MAY_CATCH_ALL, f"{name_of(path)}, lines {caught}: name them"


def test_the_library_does_not_print():
    for path in MODULES:
        if room_of(path) in MAY_PRINT:
            continue
        printed = [
            node.lineno
            for node in ast.walk(syntax_tree(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert not printed, f"{name_of(path)}, lines {printed}: return it, the command line prints"
