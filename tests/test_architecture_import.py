"""What ``import tremorflow`` loads, seen in a fresh interpreter; and that every public name is there."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import tremorflow
from tremorflow import errors

HEAVY = {
    *("h5py", "matplotlib", "numpy", "obspy", "onnx", "onnxruntime", "pandas", "pyarrow", "pydantic"),
    *("pymseed", "rich", "scipy", "torch", "typer"),
}
MAX_NEW_MODULES = 30  # the standard library's importlib and typing, and the package itself

REPORT = """
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_loaded_by(statement: str) -> set[str]:
    """Modules that a statement loads in an interpreter that did nothing before."""
    run = subprocess.run(
        [sys.executable, "-c", REPORT.format(statement=statement)], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout))


def packages(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


def test_importing_loads_nothing_heavy_and_little_at_all():
    loaded = modules_loaded_by("import tremorflow")
    assert not packages(loaded) & HEAVY
    assert [name for name in loaded if name.startswith("tremorflow")] == ["tremorflow"]
    assert len(loaded) <= MAX_NEW_MODULES


def test_a_name_loads_its_room_and_not_the_whole_house():
    assert not packages(modules_loaded_by("from tremorflow import DataError")) & HEAVY
    records = modules_loaded_by("from tremorflow import Station")
    assert not packages(records) & {"obspy", "matplotlib", "scipy", "pydantic", "torch"}
    locate = modules_loaded_by("from tremorflow import search_grid, locate_windows")
    assert not packages(locate) & {"obspy", "matplotlib", "torch"}
    assert not {name for name in locate if name.startswith(("tremorflow.io", "tremorflow.figures"))}


def test_the_command_line_starts_without_figures_and_waveforms():
    """`tremorflow settings` and `--help` must not wait for ObsPy or matplotlib."""
    pytest.importorskip("tremorflow.cli", reason="the command line is not there")
    assert not packages(modules_loaded_by("import tremorflow.cli")) & {
        "obspy",
        "matplotlib",
        "scipy",
        "torch",
    }


@pytest.mark.parametrize("name", [name for name in tremorflow.__all__ if name != "__version__"])
def test_every_public_name_is_there_and_says_what_it_is(name):
    thing = getattr(tremorflow, name)
    assert thing.__name__ == name
    assert inspect.getdoc(thing)
    assert name in dir(tremorflow)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(tremorflow.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name: node.module for node in block.body for alias in node.names}
    assert typed == tremorflow._ROOMS


def test_every_error_is_public():
    tree = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.TremorflowError)
    }
    assert tree <= set(tremorflow.__all__)
    assert len(tree) == 6


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="find_everything"):
        _ = tremorflow.find_everything
