"""A loopback proxy that kills a process with SIGKILL when a chosen write passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "host", "date", "server"})
SECONDS = 20.0


@dataclass(slots=True)
class KillingProxy:
    """`kill` is called at write number `at` (from 0), before the server has it or after it has answered."""

    behind: str
    at: int
    kill: Callable[[], None]
    after: bool
    writes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response | None:
        """The server's answer; None after the kill: nobody is to hear it."""
        killing = method != "GET" and self._is_the_chosen_write()
        if killing and not self.after:
            self.kill()
            return None
        answer = httpx.request(
            method, self.behind + path, headers=headers, content=body, timeout=SECONDS, trust_env=False
        )
        if killing:
            self.kill()
            return None
        return answer

    def _is_the_chosen_write(self) -> bool:
        with self.lock:
            self.writes += 1
            return self.writes - 1 == self.at


@contextmanager
def listening(proxy: KillingProxy) -> Iterator[str]:
    """The URL of the proxy while it listens on loopback, without a path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            """Pass the request on, and the answer back, or hang up."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            try:
                answer = proxy.forward(self.command, self.path, headers, body)
            except httpx.TransportError:
                answer = None
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def handle(self) -> None:
            """A killed process hangs up, which is meant."""
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
