from __future__ import annotations

import json

import pytest

from farthing.money import numbers_as_text

read = numbers_as_text("value", "quantity")


@pytest.mark.parametrize("number", ["4", "-0", "10.0", "79.989999999999995", "1e2", "-1.5E-3", "12345678901234567890"])
@pytest.mark.parametrize("form", ['{"value":%s}', '{ "value" :\n%s\n}', '{"a":[{"quantity": %s, "b": 2}]}'])
def test_a_number_becomes_the_text_that_it_was(number: str, form: str) -> None:
    assert json.loads(read((form % number).encode())) == json.loads(form % f'"{number}"')


@pytest.mark.parametrize(
    "other",
    [
        '{"value": "4"}',
        '{"value": true, "quantity": null}',
        '{"value": [4], "quantity": {"a": 4}}',
        '{"values": 4, "my value": 4, "Value": 4}',
        r'{"a": "\"value\": 4, "}',
        r'{"a\"value": 4}',
        r'{"\\": "value", "b": 4}',
    ],
)
def test_everything_else_stays(other: str) -> None:
    assert read(other.encode()) == other.encode()


@pytest.mark.parametrize("number", ["04", "4.", ".5", "+4", "1e", "NaN", "0x4", "4 4", "\v4"])
def test_what_is_no_json_is_none_afterwards(number: str) -> None:
    assert read(f'{{"value":{number}}}'.encode()) == f'{{"value":{number}}}'.encode()
