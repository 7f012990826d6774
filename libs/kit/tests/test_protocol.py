"""What goes over the wire in one piece, and when."""

from __future__ import annotations

import asyncio

import pytest

from farthing.kit.protocol import OneWrite

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Line(asyncio.Transport):
    """Keeps each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def once(line: Line) -> OneWrite:
    return OneWrite(line)


def test_a_head_goes_with_its_body(line: Line, once: OneWrite) -> None:
    once.write(HEAD)
    once.write(b"{}")
    once.write(HEAD)
    once.write(HEAD)  # a body that looks like one
    assert line.writes == [HEAD + b"{}", HEAD + HEAD]


def test_a_head_without_a_body_goes_when_the_answer_is_complete(line: Line, once: OneWrite) -> None:
    once.write(HEAD)
    once.flush()
    once.flush()
    assert line.writes == [HEAD]


def test_it_goes_before_the_connection_is_closed(line: Line, once: OneWrite) -> None:
    once.write(HEAD)
    once.close()
    assert (line.writes, line.closed) == ([HEAD], True)


def test_an_interim_head_goes_at_once(line: Line, once: OneWrite) -> None:
    once.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert line.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]
