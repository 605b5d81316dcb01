"""How a stage declares its settings, so that they are checked and can print themselves.

Every stage keeps a frozen settings class beside its function::

    @settings_class
    class LocationSettings:
        min_pairs: int = option(16, unit="pairs", reason="Mizuno & Ide (2019)", ge=3)

``tremorflow.settings`` joins these classes into one tree and prints them.
"""

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
