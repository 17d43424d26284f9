"""The program: `billsync`, and `python -m billsync`. Ctrl-C within its first imports ends it as later on."""

import os
import signal


def main() -> None:
    """Run the command of this process, and exit with its code."""
    try:
        from billsync.cli.main import main as command

        command()
    except KeyboardInterrupt:  # before the command handles signals itself
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(1))
        from billsync.cli.main import end_interrupted

        end_interrupted()


if __name__ == "__main__":
    main()
