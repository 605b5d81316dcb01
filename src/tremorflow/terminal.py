"""What every command of the program shows: progress bars, and errors in words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from tremorflow.errors import TremorflowError


@contextmanager
def bars(*names: str) -> Iterator[list[Callable[[int, int], None]]]:
    """Progress bars on the terminal; gives for each the function to call with the number done and in all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield [_advance(shown, shown.add_task(name, total=None)) for name in names]


def _advance(shown: Progress, task: TaskID) -> Callable[[int, int], None]:
    """Make the function that moves one of the bars."""
    return lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def explained() -> Iterator[None]:
    """Print what went wrong and how to cure it, and leave with status 1, instead of a traceback."""
    try:
        yield
    except TremorflowError as error:
        typer.echo(f"tremorflow: {error}", err=True)
        raise typer.Exit(1) from error
