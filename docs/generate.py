"""Write the pages of the documentation that come from the code and from stored measurements.

    python docs/generate.py           write them
    python docs/generate.py --check   only say, with status 1, which are not up to date

Nothing in these pages is typed by hand: settings from their classes, columns from the event table,
commands from the program, functions from their docstrings, numbers from ``benchmarks/results/*.json``.
"""

import argparse
import ast
import dataclasses
import inspect
import json
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, CommandInfo, ParameterInfo, TyperInfo

import tremorflow
from tremorflow.cli import app
from tremorflow.options import toml_value
from tremorflow.records import EVENT_COLUMNS, FULL_CHAIN_COLUMNS, GROUP_COLUMNS, Column
from tremorflow.settings import Settings, format_settings, list_settings
from tremorflow.simulate.outages import OutageSettings
from tremorflow.simulate.scenario import NAMED, Scenario, read_scenario
from tremorflow.simulate.tremor import TremorSettings
from tremorflow.truth import SNR_COLUMNS, TABLES

DOCS = Path(__file__).resolve().parent
RESULTS = DOCS.parent / "benchmarks" / "results"
MADE = "<!-- Written by docs/generate.py. Change the code that it is made from, then run: make docs -->\n\n"
WIDEST = 8  # columns of numbers that a page has room for
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Markdown table; bars inside of cells are escaped."""
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (header, ["---"] * len(header), *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def settings_page() -> str:
    """Every setting by section, and the whole as a file."""
    text = MADE + "# Settings\n\nOne TOML file holds them all; what it does not name keeps its default.\n"
    text += "`tremorflow settings` prints this, `tremorflow settings CONFIG.toml` checks and completes\n"
    text += "yours. Unknown keys and impossible values are refused with the path of the key.\n"
    rows = list(list_settings(Settings()))
    for section in dataclasses.fields(Settings):
        own = [row for row in rows if row.key.startswith(f"{section.name}.")]
        title = (type(getattr(Settings(), section.name)).__doc__ or "").splitlines()[0]
        cells = [[f"`{r.key.split('.', 1)[1]}`", f"`{plain(r.value)}`", r.unit, r.reason] for r in own]
        text += f"\n## `[{section.name}]`\n\n{title}\n\n"
        text += table(["key", "default", "unit", "why this default"], cells)
    return text + f"\n## As a file\n\n```toml\n{format_settings(Settings())}```\n"


def scenario_page() -> str:
    """Every value of a scenario by section, what is true of it as tables, and the named ones."""
    text = (
        MADE
        + "# Scenarios and truth\n\nA scenario is a TOML file; what it does not name keeps its default.\n"
    )
    text += (
        "Unknown keys and impossible values are refused with the path of the key. Everything made from a\n"
    )
    text += "scenario is simulated. These come with the package:\n\n"
    named = [read_scenario(name) for name in NAMED]
    text += table(["scenario", "length", "what it holds"], [scenario_row(one) for one in named])
    text += "\n## Top level\n\n"
    text += setting_table(Scenario)
    tables = (("tremor", TremorSettings), ("outages", OutageSettings))
    for section in dataclasses.fields(Scenario):
        stage = getattr(Scenario(), section.name)
        kind = dict(tables).get(section.name, type(stage))
        if dataclasses.is_dataclass(kind):
            brackets = f"[[{section.name}]]" if section.name in dict(tables) else f"[{section.name}]"
            text += f"\n## `{brackets}`\n\n{(kind.__doc__ or '').splitlines()[0]}\n\n{setting_table(kind)}"
            for part in dataclasses.fields(kind):
                inner = getattr(stage, part.name, None)
                if dataclasses.is_dataclass(inner):
                    about = (type(inner).__doc__ or "").splitlines()[0]
                    text += f"\n### `[{section.name}.{part.name}]`\n\n{about}\n\n{setting_table(type(inner))}"
    text += "\n# Tables of truth\n\nCSV; times are UTC in ISO 8601 with `Z`.\n"
    for name, columns in {**TABLES, "snr": SNR_COLUMNS}.items():
        text += f"\n## `{name}.csv`\n\n{column_table(columns)}"
    return text


def scenario_row(scenario: Scenario) -> list[str]:
    """Name, length and description of a scenario."""
    return [f"`{scenario.name}`", f"{scenario.duration_s / 3600:g} h", scenario.description]


def setting_table(kind: type) -> str:
    """Key, default, unit and reason of each plain field of a class of settings."""
    rows = []
    for entry in dataclasses.fields(kind):
        extra = getattr(entry.default, "json_schema_extra", None)
        if isinstance(extra, dict):
            value = f"`{plain(entry.default.default)}`"
            rows.append([f"`{entry.name}`", value, str(extra["unit"]), str(extra["reason"])])
    return table(["key", "default", "unit", "why this default"], rows)


def plain(value: Any) -> str:
    """Value as one writes it in TOML."""
    return toml_value(value)


def columns_page() -> str:
    """Columns of the event table with unit and meaning."""
    text = MADE + "# Columns of the catalogue\n\n"
    text += "CSV and Parquet have the same columns. Times are UTC, in CSV as ISO 8601 with `Z`; depth is\n"
    text += "positive down from sea level; an empty cell (NaN, NaT) means unknown or not solved for.\n\n"
    text += column_table(EVENT_COLUMNS)
    text += "\n## Columns of the full chain\n\nReserved; the conventional method does not write them.\n\n"
    text += column_table(FULL_CHAIN_COLUMNS)
    text += "\n## Columns of groups\n\nOf the table that `tremorflow associate` writes.\n\n"
    return text + column_table(GROUP_COLUMNS)


def column_table(columns: dict[str, Column]) -> str:
    """Name, type, unit and meaning of each column."""
    rows = [[f"`{name}`", f"`{one.dtype}`", one.unit, one.meaning] for name, one in columns.items()]
    return table(["column", "type", "unit", "meaning"], rows)


def commands_page() -> str:
    """Every command with its arguments and options."""
    text = MADE + "# Command line\n\n```\ntremorflow [--version] COMMAND ...\n```\n\n"
    text += "Every command leaves with status 0 if it did what was asked, 1 if it could not (the message\n"
    text += "says what failed, where, and what to do), 2 if the command line itself is wrong.\n"
    inner = [(f"{group.name} ", one) for group in app.registered_groups for one in commands_of(group)]
    for before, command in [*(("", one) for one in app.registered_commands), *inner]:
        function = command.callback
        assert function is not None
        name = before + (command.name or function.__name__)
        hints = get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
        rows = [parameter_row(one, *get_args(hints[one.name])) for one in parameters]
        usage = " ".join(["tremorflow", name, *(row[0] for row in rows if row[0][0] != "-")])
        cells = [[f"`{name}`", *others] for name, *others in rows]
        text += f"\n## `{usage}`\n\n{inspect.getdoc(function)}\n\n"
        text += table(["argument or option", "default", "meaning"], cells)
    return text


def commands_of(group: TyperInfo) -> list[CommandInfo]:
    """Commands of a group such as ``tremorflow dataset``."""
    assert group.typer_instance is not None
    return group.typer_instance.registered_commands


def parameter_row(parameter: inspect.Parameter, kind: Any, about: ParameterInfo) -> list[str]:
    """Name as one types it, default and help of one parameter of a command."""
    required = parameter.default is inspect.Parameter.empty
    given = about.default  # where Typer keeps a name of the option's own
    own = isinstance(given, str) and given.startswith("--")
    name = str(given) if own else "--" + parameter.name.replace("_", "-")
    if isinstance(about, ArgumentInfo):
        name = parameter.name.upper() if required else f"[{parameter.name.upper()}]"
    elif get_origin(kind) is Literal:
        name += f" {'|'.join(get_args(kind))}"
    default = "" if required or parameter.default in (None, "") else f"`{parameter.default}`"
    return [name, default, about.help or ""]


def python_page() -> str:
    """Signature and docstring of every public name."""
    text = MADE + "# From Python\n\nThe public names of the package; each is loaded on first use.\n"
    for name in sorted(tremorflow._ROOMS):
        thing = getattr(tremorflow, name)
        kind = "class" if inspect.isclass(thing) else "function"
        text += f"\n## `{name}`\n\n{kind} in `{tremorflow._ROOMS[name]}`\n\n"
        text += f"```text\n{signature(name, thing)}{inspect.getdoc(thing)}\n```\n"
    return text


def signature(name: str, thing: Any) -> str:
    """Signature of a function, one parameter a line; nothing for a class of settings or an error."""
    if inspect.isclass(thing) and (issubclass(thing, Exception) or thing is Settings):
        return ""
    parameters = inspect.signature(thing).parameters.values()
    lines = "".join(f"    {readable(parameter)},\n" for parameter in parameters)
    return f"{name}(\n{lines})\n\n" if lines else f"{name}()\n\n"


def readable(parameter: inspect.Parameter) -> str:
    """Parameter with its default; the type stands in the docstring."""
    star = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else ""
    has_default = parameter.default is not inspect.Parameter.empty
    return f"{star}{parameter.name}" + (f"={parameter.default!r}" if has_default else "")


def measured_section() -> str:
    """Say what is in every stored result, with the command that made it and the machine."""
    results = sorted(RESULTS.glob("*.json"), key=lambda path: (program_of(path).parent.name, path.stem))
    if not results:
        return "No result is stored yet; `make bench` measures.\n"
    return "\n".join(one_result(path) for path in results)


def program_of(path: Path) -> Path:
    """Benchmark that a stored result came from."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return DOCS.parent / stored["command"].split()[1]


def one_result(path: Path) -> str:
    """Heading, command, machine and numbers of one stored result."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    about = ast.get_docstring(ast.parse(program_of(path).read_text(encoding="utf-8"))) or path.stem
    title, _, rest = about.partition("\n\n")
    paragraphs = [part for part in rest.split("\n\n") if not part.strip().startswith("python ")]
    versions = ", ".join(f"{name} {number}" for name, number in stored["versions"].items() if number)
    text = f"### {path.stem.replace('_', ' ')}\n\n{' '.join(title.split())}\n\n"
    text += "".join(f"{' '.join(part.split())}\n\n" for part in paragraphs if part)
    text += f"`{stored['command']}`, {stored['date']}, commit {stored['commit'] or 'unknown'}, "
    text += f"one thread of {stored['cpu']}; "
    return text + f"Python {stored['python']}, {versions}.\n\n" + numbers(stored["result"])


def numbers(result: dict[str, Any]) -> str:
    """Show a result as one table of its plain values, and one of each group of alike results."""
    everything = flat({key: one for key, one in result.items() if key != "details"})  # those are for programs
    single = {key: one for key, one in everything.items() if not is_group(one) and key != "benchmark"}
    text = table(["", "value"], [[words(key), shown(one)] for key, one in single.items()]) + "\n"
    for key, group in everything.items():
        if is_group(group):
            named = group if isinstance(group, dict) else {str(k + 1): one for k, one in enumerate(group)}
            text += f"**{words(key)}**\n\n{group_table({name: flat(one) for name, one in named.items()})}\n"
    return text


def is_group(value: Any) -> bool:
    """Whether a value is a list or a dictionary of several dictionaries."""
    members = list(value.values()) if isinstance(value, dict) else value
    return isinstance(members, list) and len(members) > 1 and all(isinstance(one, dict) for one in members)


def flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Put what dictionaries inside hold beside the rest, after their own name; groups stay whole."""
    result: dict[str, Any] = {}
    for key, one in value.items():
        inside = isinstance(one, dict) and not is_group(one)
        result |= flat(one, f"{before}{key} ") if inside else {f"{before}{key}": one}
    return result


def group_table(named: dict[str, dict[str, Any]]) -> str:
    """Table of alike results, a row each; a column each if there is much to say of few."""
    keys = list(dict.fromkeys(key for one in named.values() for key in one))
    if len(keys) > WIDEST:
        rows = [[words(key), *(shown(one.get(key)) for one in named.values())] for key in keys]
        return table(["", *map(words, named)], rows)
    rows = [[words(name), *(shown(one.get(key)) for key in keys)] for name, one in named.items()]
    return table(["", *map(words, keys)], rows)


def words(key: str) -> str:
    """Key of a result as words."""
    return str(key).replace("_", " ")


def shown(value: Any) -> str:
    """Value as text, numbers to four figures."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    return "" if value is None else str(value)


def measurements_page() -> str:
    """Page with the part between the marks renewed."""
    path = DOCS / "explanation" / "measurements.md"
    before, mark, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        sys.exit(f"{path} lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{measured_section()}\n{END}{after}"


PAGES = {
    "reference/settings.md": settings_page,
    "reference/scenario.md": scenario_page,
    "reference/catalogue-columns.md": columns_page,
    "reference/command-line.md": commands_page,
    "reference/python.md": python_page,
    "explanation/measurements.md": measurements_page,
}


def main() -> None:
    """Write the pages, or only hold them against the code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 if one is stale")
    only_check = parser.parse_args().check
    stale = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not only_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if only_check and stale:
        sys.exit(f"docs: {', '.join(stale)} out of date; run `make docs` and commit them")
    print(f"docs: {len(PAGES)} generated pages are up to date; written anew: {', '.join(stale) or 'none'}")


if __name__ == "__main__":
    main()
