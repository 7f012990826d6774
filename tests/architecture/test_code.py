"""The rules for code that the linters do not have, applied to the tree. Each rule is a function with tests of its own in rules/."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from itertools import chain
from statistics import median

import pytest

from tests.architecture.rules.floats import floats
from tests.architecture.rules.imports import undeclared_members, undeclared_third_parties
from tests.architecture.rules.names import business_nouns, drawer
from tests.architecture.rules.sizes import KIT_LINES, MEDIAN_FUNCTION_LINES, function_lengths, long_file, long_functions
from tests.architecture.rules.sql import stars_in_python, stars_in_sql, stitched_sql
from tests.architecture.tree import ROOT, Member, committed_files, configuration, members, normalized, product_files, relative
from tests.architecture.verdict import none_of

every_member = pytest.mark.parametrize("member", members(), ids=lambda member: member.portion)
EXACT = {"farthing.money"} | {f"farthing.{kind}{name}" for kind in ("", "clients.") for name in ("ledger", "payments", "orders")}
FLOATS: dict[str, str] = configuration()["tool"]["farthing"]["floats"]
STITCHED_SQL: dict[str, str] = configuration()["tool"]["farthing"]["stitched-sql"]
DISTRIBUTIONS = {module: [normalized(name) for name in names] for module, names in packages_distributions().items()}
KIT = ROOT / "libs/kit/src"


def test_files_are_short() -> None:
    python = [path for path in committed_files() if path.suffix == ".py"]
    none_of(problem for path in python for problem in long_file(relative(path), path.read_text()))


def test_functions_are_short() -> None:
    none_of(problem for path in product_files() for problem in long_functions(relative(path), path.read_text()))


def test_the_median_function_is_very_short() -> None:
    lengths = [length for path in product_files() for length in function_lengths(path.read_text()).values()]
    assert median(lengths) <= MEDIAN_FUNCTION_LINES


def test_no_module_is_a_drawer() -> None:
    none_of(problem for path in committed_files() if path.suffix == ".py" for problem in drawer(relative(path)))


def test_the_kit_is_small() -> None:
    lines = sum(len(path.read_text().splitlines()) for path in KIT.rglob("*.py"))
    assert lines <= KIT_LINES, "the kit holds what three services need: move the rest to the one that needs it, or take it out"


def test_the_kit_knows_no_business() -> None:
    inside = KIT / "farthing/kit"
    assert [
        problem
        for path in sorted(inside.rglob("*.py"))
        for problem in business_nouns(path.relative_to(inside).as_posix(), path.read_text())
    ] == []


@every_member
def test_it_declares_what_it_imports_of_ours(member: Member) -> None:
    portions = {other.portion: other.distribution for other in members()}
    declared = member.declared | {member.distribution}
    found = [undeclared_members(relative(path), path.read_text(), declared, portions) for path in member.modules]
    none_of(chain.from_iterable(found))


@every_member
def test_it_declares_what_it_imports_of_others(member: Member) -> None:
    found = [undeclared_third_parties(relative(path), path.read_text(), member.declared, DISTRIBUTIONS) for path in member.modules]
    none_of(chain.from_iterable(found))


def test_no_float_is_near_money() -> None:
    files = [path for member in members() if member.portion in EXACT for path in member.modules if relative(path) not in FLOATS]
    none_of(problem for path in files for problem in floats(relative(path), path.read_text()))


def test_the_places_that_may_use_floats_need_it_and_say_why() -> None:
    for place, reason in FLOATS.items():
        assert reason.strip(), f"{place}: write the reason in [tool.farthing.floats]"
        assert floats(place, (ROOT / place).read_text()), f"{place} has no float any more: remove it from [tool.farthing.floats]"


def test_sql_names_its_columns() -> None:
    folders = [ROOT / member.folder / "src" for member in members()]
    migrations = sorted(path for folder in folders for path in folder.rglob("*.sql"))
    found = [problem for path in product_files() for problem in stars_in_python(relative(path), path.read_text())]
    found += [problem for path in migrations for problem in stars_in_sql(relative(path), path.read_text())]
    none_of(found)


def test_nothing_is_stitched_into_sql() -> None:
    files = [path for path in product_files() if relative(path) not in STITCHED_SQL]
    none_of(problem for path in files for problem in stitched_sql(relative(path), path.read_text()))


def test_the_places_that_may_stitch_sql_need_it_and_say_why() -> None:
    for place, reason in STITCHED_SQL.items():
        assert reason.strip(), f"{place}: write the reason in [tool.farthing.stitched-sql]"
        assert stitched_sql(place, (ROOT / place).read_text()), (
            f"{place} stitches no SQL any more: remove it from [tool.farthing.stitched-sql]"
        )
