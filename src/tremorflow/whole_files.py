"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Hidden temporary file beside ``path``, which takes its name when the block ends well, and goes if not.

    Raises
    ------
    OSError
        The temporary file cannot get the name; what the block raises passes too. Callers say what to do.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
