from __future__ import annotations

from tests.architecture.rules.sizes import function_lengths, long_file, long_functions


def lines(count: int) -> str:
    return "x = 1\n" * count


def function(count: int) -> str:
    """A function of `count` lines."""
    return "def f() -> None:\n" + "    x = 1\n" * (count - 1)


class TestLongFile:
    def test_allows_four_hundred_lines(self) -> None:
        assert long_file("services/a/src/b.py", lines(400)) == []

    def test_refuses_one_more_and_says_what_to_do(self) -> None:
        assert long_file("services/a/src/b.py", lines(401)) == [
            "services/a/src/b.py: 401 lines, at most 400: make it a package of the same name, split by use case"
        ]

    def test_allows_tests_six_hundred(self) -> None:
        assert long_file("services/a/tests/test_b.py", lines(600)) == []
        assert len(long_file("tests/e2e/test_b.py", lines(601))) == 1

    def test_a_name_with_tests_in_it_is_no_test(self) -> None:
        assert len(long_file("services/tests.py", lines(401))) == 1


class TestLongFunctions:
    def test_allows_sixty_lines(self) -> None:
        assert long_functions("a.py", function(60)) == []

    def test_refuses_one_more_and_says_what_to_do(self) -> None:
        assert long_functions("a.py", function(61)) == ["a.py:1:f: 61 lines, at most 60: name its steps and make them functions"]

    def test_sees_methods_and_coroutines(self) -> None:
        source = "class C:\n    async def f(self) -> None:\n" + "        x = 1\n" * 60
        assert long_functions("a.py", source) == ["a.py:2:f: 61 lines, at most 60: name its steps and make them functions"]

    def test_a_docstring_does_not_count(self) -> None:
        assert function_lengths('def f() -> int:\n    """One.\n\n    Two.\n    """\n    return 1\n') == {"1:f": 2}
