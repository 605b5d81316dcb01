"""Bytes on disk: whole files or none, plain or gzipped, and errors that name the file."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

from tremorflow.errors import CatalogError
from tremorflow.whole_files import whole_file


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it: never is half a file there.

    Raises
    ------
    CatalogError
        The folder is missing or cannot be written, or ``path`` is a folder.
    """
    path = Path(path)
    try:
        with whole_file(path) as temporary:
            write(temporary)
    except OSError as error:
        raise CatalogError(
            f"cannot write {path}: {error.strerror or error}; choose a folder that exists, "
            "can be written and has room"
        ) from error


def write_text(path: str | Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all; ``CatalogError`` where that is impossible."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline=""))


def remove(path: Path) -> None:
    """Remove a file that may be there; ``CatalogError`` if it is and stays."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CatalogError(f"cannot remove {path}: {error.strerror or error}; remove it by hand") from error


def read_bytes(path: str | Path) -> bytes:
    """Bytes of a file, unpacked if it is gzipped; ``CatalogError`` if that fails."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CatalogError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise CatalogError(f"{path} is a damaged gzip file ({error}); fetch it again") from error


def read_text(path: str | Path) -> str:
    """Text of a UTF-8 file, unpacked if it is gzipped; ``CatalogError`` if it is none."""
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CatalogError(
            f"{path}, line {line}: byte {error.object[error.start]:#04x} is no UTF-8 text; "
            "save the catalogue as UTF-8, or name its format if it is none of text"
        ) from error
