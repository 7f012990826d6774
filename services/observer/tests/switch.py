"""A wire that can be cut: a TCP relay between the watches and the API server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Switch:
    """Listens on a port of its own and relays to another, while it is closed; opening it ends every connection through it."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._closed, self._ended = True, False
        self._pairs: list[socket.socket] = []
        self._serving: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        self._closed = False
        for one in self._pairs:
            _shut(one)
        self._pairs.clear()

    def mend(self) -> None:
        self._closed = True

    def stop(self) -> None:
        self._ended = True
        self.cut()
        _shut(self._listener)
        self._thread.join(5)
        for serving in self._serving:
            serving.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._closed:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._pairs += [near, far]
            serving = threading.Thread(target=_serve, args=(near, far), daemon=True)
            self._serving.append(serving)
            serving.start()


def _serve(near: socket.socket, far: socket.socket) -> None:
    """Both ways, until both have ended."""
    with near, far:
        back = threading.Thread(target=_relay, args=(far, near), daemon=True)
        back.start()
        _relay(near, far)
        back.join()


def _relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    _shut(sink)
    _shut(source)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
