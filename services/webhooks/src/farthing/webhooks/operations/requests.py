"""What apps send, as models. Violations are named as this API names them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, RootModel, ValidationError

from farthing.kit.model import Model
from farthing.kit.validation import invalid_request
from farthing.webhooks.domain.targets import LONGEST_URL
from farthing.webhooks.errors import ValidationFailed

Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]
Id = Annotated[str, Field(min_length=1, max_length=50)]
MOST_TYPES = 500


class EventTypeName(Model):
    name: Annotated[str, Field(min_length=1, max_length=100)]


EventTypeNames = Annotated[list[EventTypeName], Field(min_length=1, max_length=MOST_TYPES)]


class Request(Model):
    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:  # noqa: ANN401 - pydantic's own options
        """Raises ValidationFailed."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise ValidationFailed(*invalid_request(error).details) from None


class NewWebhook(Request):
    url: Url
    event_types: EventTypeNames


class Patch(Model):
    op: str
    path: str = ""
    value: Any = None


class Patches(RootModel[Annotated[list[Patch], Field(min_length=1, max_length=100)]]):
    model_config = ConfigDict(defer_build=True)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:  # noqa: ANN401 - pydantic's own options
        """Raises ValidationFailed."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise ValidationFailed(*invalid_request(error).details) from None


class Resend(Request):
    webhook_ids: Annotated[list[Id], Field(max_length=500)] | None = None


class Simulate(Request):
    webhook_id: Id | None = None
    url: Url | None = None
    event_type: Annotated[str, Field(min_length=1, max_length=100)]
    resource_version: Annotated[str, Field(pattern=r"^[0-9]{1,3}\.[0-9]{1,3}$")] | None = None


class Verify(Request):
    auth_algo: Annotated[str, Field(min_length=1, max_length=100)]
    cert_url: Annotated[str, Field(min_length=1, max_length=500)]
    transmission_id: Id
    transmission_sig: Annotated[str, Field(min_length=1, max_length=500)]
    transmission_time: Annotated[str, Field(min_length=1, max_length=100)]
    webhook_id: Id
    webhook_event: dict[str, Any]
