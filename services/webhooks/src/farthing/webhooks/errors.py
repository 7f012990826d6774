"""What the notifications API refuses, in PayPal's names: this older API puts the code where newer ones say INVALID_REQUEST."""

from __future__ import annotations

from typing import Any, Final

from farthing.kit.errors import ApiError, Detail

_MORE: Final = "https://developer.paypal.com/docs/api/webhooks/v1/#errors"


class NotificationError(ApiError):
    """Named like its issue; says where PayPal explains it."""

    status = 400

    @property
    def name(self) -> str:
        return self.issue or "VALIDATION_ERROR"

    def envelope(self, debug_id: str) -> dict[str, Any]:
        return super().envelope(debug_id) | {"information_link": _MORE}


class ValidationFailed(NotificationError):
    """The request does not have the form, or the values, that it must have: one detail for each violation."""


class WebhookUrlAlreadyExists(NotificationError):
    issue = "WEBHOOK_URL_ALREADY_EXISTS"
    description = "A webhook with this URL already exists for the app."


class WebhookNumberLimitExceeded(NotificationError):
    issue = "WEBHOOK_NUMBER_LIMIT_EXCEEDED"
    description = "The app has as many webhooks as it may have."


class WebhookPatchRequestNoChange(NotificationError):
    issue = "WEBHOOK_PATCH_REQUEST_NO_CHANGE"
    description = "The request would not change the webhook."


class ResourceIdInvalid(NotificationError):
    """No such webhook, lookup or event; also when it is another app's."""

    status = 404
    issue = "INVALID_RESOURCE_ID"
    description = "Resource id is invalid"


def invalid(pointer: str, value: str | None, description: str, *, location: str = "body") -> ValidationFailed:
    """One value that cannot be."""
    return ValidationFailed(Detail("INVALID_PARAMETER_VALUE", description, field=pointer, value=value, location=location))
