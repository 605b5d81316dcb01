"""How a stage declares its settings, so that they are checked and can print themselves.

Every stage keeps a frozen settings class beside its function::

    @settings_class
    class LocationSettings:
        min_pairs: int = option(16, unit="pairs", reason="Mizuno & Ide (2019)", ge=3)

``tremorflow.settings`` joins these classes into one tree and prints them.
"""

import json
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

T = TypeVar("T")


def option(default: Any, *, unit: str, reason: str, **limits: Any) -> Any:
    """Field of a settings class: default value, unit and the reason for the default.

    Parameters
    ----------
    default
        Value that is used when the user says nothing.
    unit
        Unit as printed ("s", "km", "Hz"), or "-" for a plain number, name or switch.
    reason
        Why the default is what it is, with a number or a source.
    **limits
        Limits that pydantic checks: ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, ``pattern``.
    """
    return Field(default=default, json_schema_extra={"unit": unit, "reason": reason}, **limits)


# No field specifiers: type checkers then take any ``option(...)`` for a default, so a class made of options
# can be called without arguments.
@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings_class(cls: type[T]) -> type[T]:
    """Make a frozen, checked settings class that refuses unknown keys (class decorator)."""
    rules = ConfigDict(extra="forbid", allow_inf_nan=False)
    made: type[Any] = dataclass(frozen=True, kw_only=True, config=rules)(cls)
    return made


def explain_mistake(details: Any, defaults: Any) -> str:
    """One mistake of the user in words: path of the key, what is wrong, what would be right.

    Parameters
    ----------
    details
        One of the ``errors()`` of pydantic's ``ValidationError``.
    defaults
        The whole tree of settings with its defaults: where keys that are meant may be found.
    """
    path = ".".join(str(part) for part in details["loc"])
    if details["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = _known_keys(details["loc"][:-1], defaults)
        near = get_close_matches(str(details["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return f"{path} is not a setting; {hint}"
    message = details["msg"].removeprefix("Value error, ")
    return (
        f"{path} = {details['input']!r}: {message}"
        if not isinstance(details["input"], dict)
        else f"{path}: {message}"
    )


def toml_value(value: Any) -> str:
    """Value of a setting as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_dataclass(value) and not isinstance(value, type):
        pairs = (f"{entry.name} = {toml_value(getattr(value, entry.name))}" for entry in fields(value))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for surrogate pairs and one control character that it lets pass
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _known_keys(path: tuple[Any, ...], defaults: Any) -> list[str]:
    """Names of the settings below a path."""
    stage: Any = defaults
    for part in path:
        stage = getattr(stage, str(part), stage)
    return [entry.name for entry in fields(stage)] if is_dataclass(stage) else []
