"""What the pages show is what the program takes: links, settings, commands and names."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

import tremorflow
from tremorflow.cli import app
from tremorflow.settings import make_settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for path in PAGES:
        blocks = re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
        found += [(f"{page_id(path)} {number}", block) for number, block in enumerate(blocks, start=1)]
    return found


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_to_files_that_are_there(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://", "#")):
            assert (path.parent / target.split("#")[0]).exists(), f"{page_id(path)} links to {target}"


@pytest.mark.parametrize(("where", "block"), code_blocks("toml"), ids=lambda value: value.split("\n")[0])
def test_settings_on_pages_are_settings(where, block):
    make_settings(tomllib.loads(block), where)


@pytest.mark.parametrize("name", ["sds", "snet"])
def test_the_examples_are_those_of_the_readme(name):
    readme = [tomllib.loads(block) for where, block in code_blocks("toml") if where.startswith("README")]
    assert tomllib.loads((ROOT / "examples" / f"{name}.toml").read_text(encoding="utf-8")) in readme


def test_commands_on_pages_are_commands():
    known = {*get_command(app).commands, "--version"}
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"(?:^    |`)tremorflow ([a-z-]+)", text, re.M))
        assert used <= known, f"{page_id(path)}: {used - known}"


@pytest.mark.parametrize(("where", "block"), code_blocks("python"), ids=lambda value: value.split("\n")[0])
def test_python_on_pages_uses_public_names(where, block):
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "tremorflow":
            assert node.attr in tremorflow.__all__, f"{where}: {node.attr}"


def test_targets_of_the_readme_are_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md", "docs/ja/guide.md", "docs/tutorials/first-run.md"):
        for target in re.findall(r"(?:^    |`)make ([a-z]+)", (ROOT / page).read_text("utf-8"), re.M):
            assert re.search(rf"^{target}:", makefile, re.M), f"{page}: make {target}"


def test_no_page_says_a_version_that_is_not():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {tremorflow.__version__}\n" in citation
    assert f"## {tremorflow.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
