"""The program: `billsync`, and `python -m billsync`. Ctrl-C within its first imports ends it as later on."""

import atexit
import os
import signal


def main() -> None:
    """Run the command of this process, and exit with its code."""
    try:
        from billsync.cli.main import main as command

        command()
    except SystemExit as end:
        if not isinstance(end.code, int) or _has_threads():
            raise
        atexit._run_exitfuncs()
        os._exit(end.code)  # Python would first free each value and module: for small files, a sixth of all CPU
    except KeyboardInterrupt:  # before the command handles signals itself
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(1))
        from billsync.cli.main import end_interrupted

        end_interrupted()


def _has_threads() -> bool:
    """Whether threads still work on something that is to be ended first."""
    import threading

    return not all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


if __name__ == "__main__":
    main()
