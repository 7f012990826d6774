from __future__ import annotations

import pytest

from tests.cluster import robbed

pytest_plugins = ["pytester"]

_STAT = "cpu  {user} 0 0 100 0 0 0 {steal} 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"


def test_the_share_is_what_was_stolen_since() -> None:
    texts = iter([_STAT.format(user=100, steal=50), _STAT.format(user=160, steal=90)])
    watch = robbed.Watch(lambda: next(texts))
    assert watch.share() == 0.4


@pytest.mark.parametrize(
    ("stolen", "fails", "runs", "passed"),
    [(0.0, 1, 1, False), (0.5, 1, 2, True), (0.5, 2, 3, True), (0.5, 9, 3, False)],
    ids=["its own machine", "robbed once", "robbed twice", "never again"],
)
def test_only_what_failed_on_a_robbed_machine_is_repeated(
    pytester: pytest.Pytester, stolen: float, fails: int, runs: int, passed: bool
) -> None:
    pytester.makeconftest(
        f"""
        import pytest
        from tests.cluster import robbed
        robbed.wait_for_the_machine = lambda: None
        robbed.Watch.share = lambda self: {stolen}
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item, nextitem):
            robbed.repeat_when_robbed(item, nextitem, print)
            return True
        """
    )
    pytester.makepyfile(
        f"""
        import pathlib
        import pytest
        seen = []
        @pytest.fixture
        def fresh():
            seen.append(1)
        def test_it(fresh):
            pathlib.Path("runs").write_text(str(len(seen)))
            assert len(seen) > {fails}
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
    assert (pytester.path / "runs").read_text() == str(runs)
    result.assert_outcomes(passed=int(passed), failed=int(not passed))


class Wrong(Exception):
    """What an experiment ends with."""


@pytest.mark.parametrize(
    ("stolen", "fails", "runs"), [(0.0, 1, 1), (0.5, 1, 2), (0.5, 9, 3)], ids=["its own machine", "robbed", "never again"]
)
def test_what_several_tests_look_at_is_repeated_likewise(monkeypatch: pytest.MonkeyPatch, stolen: float, fails: int, runs: int) -> None:
    monkeypatch.setattr(robbed, "wait_for_the_machine", lambda: None)
    monkeypatch.setattr(robbed.Watch, "share", lambda _: stolen)
    tries: list[int] = []

    def experiment() -> int:
        tries.append(1)
        if len(tries) <= fails:
            raise Wrong
        return 7

    if fails < runs:
        assert robbed.repeated(experiment) == 7
    else:
        with pytest.raises(Wrong):
            robbed.repeated(experiment)
    assert len(tries) == runs
