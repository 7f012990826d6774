"""What comes back from a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_REASON: Final = 100  # characters of a reason phrase that are worth keeping


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver made of a POST. `status` is None when no answer came; `reason` then says why in a word or two."""

    status: int | None
    reason: str

    @property
    def delivered(self) -> bool:
        """Only 2xx is: a redirect is not followed."""
        return self.status is not None and 200 <= self.status < 300


TIMED_OUT: Final = Answer(None, "timeout")
REFUSED: Final = Answer(None, "address refused")
UNREACHABLE: Final = Answer(None, "no connection")
LOST: Final = Answer(None, "no answer")
BROKEN: Final = Answer(None, "internal error")  # a defect of ours


def storable(reason: str) -> str:
    """A stranger's reason phrase as a text column can hold it: bytes that are not UTF-8 came as lone surrogates, and NUL it holds none."""
    return reason.encode(errors="replace").decode().replace("\0", "?")[:_LONGEST_REASON]
