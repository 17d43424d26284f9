"""A billsync that starts at once: a process that has imported everything forks a child for each command.

The commands are typed into a real shell as ever: `billsync` on its path is a small program that hands its streams,
arguments, directory and environment over, and ends with the child's exit code. `serve` is run as usual, since signals
don't reach the child.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import billsync
from billsync.cli.main import main

CALLER = """\
#!{python} -SE
import json, os, socket, sys
if "serve" in sys.argv[1:2]:
    os.execv({python!r}, [{python!r}, "-m", "billsync", *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(call).to_bytes(4, "big")], [0, 1, 2])
    line.sendall(call)
    sys.exit(int(line.recv(8) or 70))
"""
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def warm_billsync(directory: Path) -> Iterator[Path]:
    """A directory for the path of shells, whose `billsync` starts at once."""
    tools, address = directory / "tools", directory / "line"
    tools.mkdir()
    caller = tools / "billsync"
    caller.write_text(CALLER.format(python=sys.executable, address=str(address)), encoding="utf-8")
    caller.chmod(0o755)
    program = [sys.executable, "-m", "tests.support.warm", str(address)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield tools
        finally:
            process.kill()


def answer(address: str) -> None:
    """Fork a child for each call, for ever."""
    for module in pkgutil.walk_packages(billsync.__path__, "billsync."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            line, _ = listener.accept()
            if os.fork() == 0:
                _run(line)
            line.close()
            _bury()


def _run(line: socket.socket) -> None:
    """Be the process of one command, and tell the caller its exit code."""
    code = 70
    try:
        head, streams, _, _ = socket.recv_fds(line, 4, 3)
        arguments, directory, environment = json.loads(_read(line, int.from_bytes(head, "big")))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode, closefd=False) for n, mode in enumerate("rww"))
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["billsync", *arguments]
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 (the top of this process)
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    line.sendall(str(code).encode())
    os._exit(0)


def _read(line: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        found += line.recv(65536)
    return found


def _bury() -> None:
    """Let children that have ended go."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    answer(sys.argv[1])
