from __future__ import annotations

import pytest

from tests.architecture.rules.sql import stars_in_python, stars_in_sql

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
