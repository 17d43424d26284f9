"""The program: `billsync`, and `python -m billsync`. A signal within its first imports ends it right after them."""

import atexit
import os
import signal

earlier: list[int] = []
"""The signals that came before the command handles them itself."""


def main() -> None:
    """Run the command of this process, and exit with its code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):  # not where it is ignored
            signal.signal(number, _note)
    from billsync.cli.main import main as command

    try:
        command(earlier)
    except SystemExit as end:
        if not isinstance(end.code, int) or _has_threads():
            raise
        atexit._run_exitfuncs()
        os._exit(end.code)  # Python would first free each value and module: for small files, a sixth of all CPU


def _note(number: int, frame: object) -> None:
    """Let a signal wait, as imports ignore now and then what is raised in them. A second one leaves at once."""
    if earlier:
        os._exit(1)
    earlier.append(number)


def _has_threads() -> bool:
    """Whether threads still work on something that is to be ended first."""
    import threading

    return not all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


if __name__ == "__main__":
    main()
