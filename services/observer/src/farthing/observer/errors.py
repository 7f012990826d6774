"""What observer refuses, by `issue`."""

from __future__ import annotations

from farthing.kit.errors import InvalidRequest, NotPermitted


class ForeignHost(NotPermitted):
    """The Host header names neither the platform's own address nor this machine: a rebound name in somebody's browser."""

    issue = "FOREIGN_HOST"
    description = "Rollouts are told only under FARTHING_PUBLIC_URL's host and loopback names."


class ForeignOrigin(NotPermitted):
    issue = "FOREIGN_ORIGIN"
    description = "Rollouts are not told to the pages of other sites."


class ParameterInvalid(InvalidRequest):
    issue = "INVALID_PARAMETER_VALUE"
