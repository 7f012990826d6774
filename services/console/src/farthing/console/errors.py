"""What console refuses, by `issue`. These answers are the operator's; of PayPal's contract they share only the envelope."""

from __future__ import annotations

from farthing.kit.errors import ApiError, InvalidRequest, NotFound, NotImplementedHere, NotPermitted, Refused, Unavailable


class ForeignHost(NotPermitted):
    """The Host header names neither the platform's own address nor this machine: a rebound name in somebody's browser."""

    issue = "FOREIGN_HOST"
    description = "The control API answers only under FARTHING_PUBLIC_URL's host and loopback names."


class ForeignOrigin(NotPermitted):
    issue = "FOREIGN_ORIGIN"
    description = "The control API takes no calls from the pages of other sites."


class OneProcessOnly(NotImplementedHere):
    issue = "ONE_PROCESS_ONLY"
    description = "This needs all services in one process (farthing up); here they run apart."


class DurationInvalid(InvalidRequest):
    issue = "INVALID_DURATION"


class ClockNeverGoesBack(Refused):
    issue = "CLOCK_NEVER_GOES_BACK"
    description = "Only reset and restore turn the clock back."


class StepTooLong(InvalidRequest):
    """Every deadline on the way is done: decades of them would keep the platform for hours."""

    issue = "STEP_TOO_LONG"
    description = "One call advances the clock by five years (P1826D) at most: call again for more."


class TargetTooFar(Refused):
    issue = "TARGET_TOO_FAR"
    description = "The clock cannot be set beyond the year 9000."


class AdvanceUnfinished(Unavailable):
    """So much became due that it is not done in time. What is done stays done and the clock stands there: the same call goes on."""

    issue = "ADVANCE_UNFINISHED"


class BooksTooLarge(Refused):
    """What is remembered while payments and ledger are compared has its limit, so that the console lives on."""

    issue = "BOOKS_TOO_LARGE"
    description = "Refunds, open holds and differences are too many (100,000) to be compared at once."


class DeadLetterNotFound(NotFound):
    issue = "DEAD_LETTER_NOT_FOUND"
    description = "There is no such dead letter (any more)."


class AccountUnknown(Refused):
    """A request names an account that does not exist."""

    issue = "ACCOUNT_NOT_FOUND"
    description = "No account has this e-mail address."


class AccountKindWrong(Refused):
    issue = "ACCOUNT_KIND_WRONG"


class AppUnknown(Refused):
    issue = "APP_NOT_FOUND"
    description = "There is no such app."


class OperationUnknown(Refused):
    issue = "UNKNOWN_OPERATION"


class KindNotSupported(Refused):
    issue = "KIND_NOT_SUPPORTED"


class MatchNotSupported(Refused):
    issue = "MATCH_NOT_SUPPORTED"


class FaultNotFound(NotFound):
    issue = "FAULT_NOT_FOUND"
    description = "There is no such fault."


class SnapshotNotFound(NotFound):
    issue = "SNAPSHOT_NOT_FOUND"
    description = "There is no snapshot of this name."


class SnapshotNameInvalid(InvalidRequest):
    issue = "INVALID_SNAPSHOT_NAME"
    description = "A snapshot's name is 1 to 40 letters, digits, hyphens and underscores."


class ParameterInvalid(InvalidRequest):
    issue = "INVALID_PARAMETER_VALUE"


class ComponentsDown(ApiError):
    status = 503
