"""Processes that each keep what they work on, so that what one has cached for its stations stays warm."""

import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from tremorflow.errors import DataError, TremorflowError

Task = tuple[Any, ...]


class Workers:
    """A few processes, made once, with their own copy of one subject; or none, then all is done here.

    Parameters
    ----------
    subject
        First argument of every function that is run. On Linux the processes inherit it; elsewhere they get it
        pickled, and if it cannot be, all is done in this process.
    count
        Processes; 1 works in this process.
    """

    def __init__(self, subject: Any, count: int) -> None:
        self._subject = subject
        self._processes: list[BaseProcess] = []
        self._ends: list[Connection] = []
        forks = sys.platform == "linux"
        self.count = max(1, count) if forks or _can_be_pickled(subject) else 1
        if self.count > 1:
            context: Any = multiprocessing.get_context("fork" if forks else "spawn")
            for _ in range(self.count):
                ours, theirs = context.Pipe()
                # A forked process has copies of our ends; while one is open it would not see us die.
                inherited = (*self._ends, ours) if forks else ()
                process: BaseProcess = context.Process(
                    target=_serve, args=(theirs, inherited, subject), daemon=True
                )
                process.start()
                theirs.close()
                self._ends.append(ours)
                self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, function: Callable[..., Any], shares: Sequence[Sequence[Task]]) -> Iterator[Any]:
        """Results of ``function(subject, *task)`` as they come; worker ``k`` does the tasks of ``shares[k]``.

        Raises
        ------
        TremorflowError
            What the function raises on purpose.
        DataError
            A process died: of a mistake in the program, or stopped by the system for want of memory.
        """
        if not self._processes:
            for share in shares:
                yield from (function(self._subject, *task) for task in share)
            return
        left = {end: iter(share) for end, share in zip(self._ends, shares, strict=True)}
        busy = [end for end in self._ends if self._send_next(end, function, left[end])]
        while busy:
            for end in wait(busy):
                assert isinstance(end, Connection)
                result = self._receive(end)
                if not self._send_next(end, function, left[end]):
                    busy.remove(end)
                yield result

    def close(self) -> None:
        """End the processes; what they are at is lost."""
        for process in self._processes:
            process.terminate()
        for process, end in zip(self._processes, self._ends, strict=True):
            process.join()
            end.close()
        self._processes, self._ends = [], []

    def _send_next(self, end: Connection, function: Callable[..., Any], tasks: Iterator[Task]) -> bool:
        task = next(tasks, None)
        if task is None:
            return False
        try:
            end.send((function, task))
        except OSError as error:
            raise self._died(end) from error
        return True

    def _receive(self, end: Connection) -> Any:
        try:
            error, result = end.recv()
        except (EOFError, OSError) as failure:
            raise self._died(end) from failure
        if error is not None:
            raise error
        return result

    def _died(self, end: Connection) -> DataError:
        process = self._processes[self._ends.index(end)]
        process.join(timeout=5)
        return DataError(
            f"a worker process ended with status {process.exitcode} (-9: stopped by the system, as a rule "
            "for want of memory); run the same command again with fewer processes, what is finished is kept"
        )


def _serve(end: Connection, inherited: Sequence[Connection], subject: Any) -> None:
    """Do tasks until the other side closes or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for connection in inherited:
        connection.close()
    while True:
        try:
            function, task = end.recv()
        except (EOFError, OSError):
            return
        try:
            answer: tuple[TremorflowError | None, Any] = (None, function(subject, *task))
        except TremorflowError as error:
            answer = (_portable(error), None)
        try:
            end.send(answer)
        except OSError:
            return


def _can_be_pickled(subject: Any) -> bool:
    try:
        pickle.dumps(subject)
    except (pickle.PicklingError, TypeError, AttributeError):
        return False
    return True


def _portable(error: TremorflowError) -> TremorflowError:
    """Error that can be sent; one whose class cannot be rebuilt from its message becomes a ``DataError``."""
    try:
        pickle.loads(pickle.dumps(error))
    except TypeError:
        return DataError(str(error))
    return error
