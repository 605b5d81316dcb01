"""What can go wrong, as one small tree.

TremorflowError                 anything this package raises on purpose
├── DataError (ValueError)      a file, station or recording that cannot be used as it is
├── SettingsError (ValueError)  an unknown key or an impossible value in the settings
├── ModelError (ValueError)     a velocity model, plate interface or weight file that does not serve
├── CatalogError (ValueError)   a catalogue that cannot be read, written or compared
└── MissingExtraError (ImportError)  an optional part that is not installed

Every message says what failed, the value, where (file, station, time), and what to do.
"""


class TremorflowError(Exception):
    """Anything that tremorflow raises on purpose."""


class DataError(TremorflowError, ValueError):
    """A file, station or recording that cannot be used as it is."""


class SettingsError(TremorflowError, ValueError):
    """An unknown key or an impossible value in the settings."""


class ModelError(TremorflowError, ValueError):
    """A velocity model, plate interface or weight file that does not serve."""


class CatalogError(TremorflowError, ValueError):
    """A catalogue that cannot be read, written or compared."""


class MissingExtraError(TremorflowError, ImportError):
    """An optional part that is not installed; the message names the extra."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; install it with: pip install 'tremorflow[{extra}]'")
