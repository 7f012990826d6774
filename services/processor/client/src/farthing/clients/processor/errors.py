"""What processor refuses. A declined card is no error: it is an answer."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, Conflict, NotFound, Refused


class KeyUnknown(NotFound):
    """No request with this key ever arrived: nothing was charged."""

    issue = "PROCESSOR_KEY_UNKNOWN"
    description = "The processor has no request with this key."


class KeyReused(Conflict):
    """The key belongs to a request with other content."""

    issue = "PROCESSOR_KEY_REUSED"
    description = "A request with this key and other content exists."


class KeyRequired(Refused):
    issue = "PROCESSOR_KEY_REQUIRED"
    description = "Every request needs a key."


class CardProcessingNotEnabled(Refused):
    """In live mode, as long as no gateway to a real processor is configured."""

    issue = "NOT_ENABLED_FOR_CARD_PROCESSING"
    description = "Card payments are not enabled here."


_ALL: Final[tuple[type[ApiError], ...]] = (KeyUnknown, KeyReused, KeyRequired, CardProcessingNotEnabled)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}
