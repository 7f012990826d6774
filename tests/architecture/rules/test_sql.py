from __future__ import annotations

import pytest

from tests.architecture.rules.sql import stars_in_python, stars_in_sql, stitched_sql

MESSAGE = "`*` in SQL: name the columns (in EXISTS say SELECT 1), so that a migration may add one while this runs"


class TestStarsInSql:
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT * FROM holds",
            "select *\nfrom holds",
            "SELECT DISTINCT * FROM holds",
            "SELECT id, * FROM holds",
            "SELECT h.* FROM holds h",
            'SELECT "h".* FROM holds "h"',
            "INSERT INTO holds VALUES (1) RETURNING *",
            "DELETE FROM holds RETURNING\n  *",
            "SELECT (row).* FROM rows",
        ],
    )
    def test_refuses_them(self, statement: str) -> None:
        assert len(stars_in_sql("0002_holds.sql", statement)) == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT count(*) FROM holds",
            "SELECT amount * 2, amount *2 FROM holds",
            "SELECT -- all: *\n  id FROM holds",
            "SELECT /* h.* */ id FROM holds",
            "SELECT id FROM holds WHERE name ~ 'a.*'",
            "SELECT 'it''s SELECT *' AS text",
            "INSERT INTO holds VALUES (1) RETURNING id, amount * 2",
        ],
    )
    def test_allows_counting_multiplying_comments_and_strings(self, statement: str) -> None:
        assert stars_in_sql("0002_holds.sql", statement) == []

    def test_says_where_and_what_instead(self) -> None:
        assert stars_in_sql("a.sql", "-- a comment\nSELECT id,\n  '\n',\n  h.* FROM holds h") == [f"a.sql:5: {MESSAGE}"]


class TestStarsInPython:
    def test_refuses_them_at_their_lines(self) -> None:
        source = 'OPEN = """\n    SELECT id\n    FROM holds\n"""\nALL = """\n    SELECT\n      * FROM holds"""\n'
        assert stars_in_python("repository.py", source) == [f"repository.py:7: {MESSAGE}"]

    def test_sees_strings_with_placeholders(self) -> None:
        assert stars_in_python("repository.py", 'f"SELECT {alias}.* FROM {table}"') == [f"repository.py:1: {MESSAGE}"]
        assert stars_in_python("repository.py", 'f"SELECT {columns} FROM {table}"') == []

    def test_allows_strings_that_are_no_statement(self) -> None:
        assert stars_in_python("repository.py", "pattern = r'\\w.*'\ntext = 'farthing.*'\nproduct = 2 * 3") == []


class TestStitchedSql:
    @pytest.mark.parametrize(
        "expression",
        [
            "f\"SELECT id FROM holds WHERE owner = '{owner}'\"",
            'f"SELECT {COLUMNS} FROM holds ORDER BY {column}"',
            'f"DELETE FROM {table}"',
            'f"UPDATE {self.table} SET state = $1"',
            '"SELECT id FROM " + table',
            '"SELECT id" + " FROM holds WHERE owner = " + owner',
            '"INSERT INTO %s VALUES ($1)" % table',
            '"DELETE FROM {}".format(table)',
            '"DELETE FROM {name}".format(name=table)',
            '"DELETE FROM holds WHERE id = ID".replace("ID", hold)',
        ],
    )
    def test_refuses_values_that_a_function_puts_in(self, expression: str) -> None:
        assert stitched_sql("repository.py", f"async def holds(self, owner):\n    return {expression}") == [
            "repository.py:2: a value is stitched into SQL: pass it as $1, or make what it chooses from constants"
        ]

    @pytest.mark.parametrize(
        "expression",
        [
            'f"SELECT {COLUMNS} FROM holds WHERE owner = $1"',
            'f"SELECT {_COLUMNS} FROM {schema.TABLE}"',
            '"SELECT id" + " FROM holds"',
            '"SELECT id FROM holds WHERE " + OPEN',
            'f"{count} holds to select from"',
            '"holds of " + owner',
        ],
    )
    def test_allows_constants_and_what_is_no_statement(self, expression: str) -> None:
        assert stitched_sql("repository.py", f"def holds(self, owner):\n    return {expression}") == []

    def test_allows_what_is_made_at_import(self) -> None:
        assert stitched_sql("repository.py", '_POST = "SELECT outcome FROM post(" + ", ".join(f"${n}" for n in range(1, 25)) + ")"') == []
