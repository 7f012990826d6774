from __future__ import annotations

from tests.architecture.rules.readmes import readme

GOOD = "# ledger\n\nKeeps the books.\n\n## Owns\n\nEntries.\n\n## Invariants\n\nSum zero.\n\n## API\n\nPOST.\n\n## Events\n\nNone.\n"


class TestReadme:
    def test_allows_the_four_answers_and_more(self) -> None:
        assert readme("README.md", GOOD) == []
        assert readme("README.md", GOOD + "\n## Speed\n\nFast.\n") == []

    def test_refuses_a_missing_answer(self) -> None:
        assert readme("README.md", GOOD.replace("## API", "## Calls")) == [
            "README.md: no heading '## API': add it and say it in a few lines"
        ]

    def test_refuses_an_empty_answer(self) -> None:
        assert readme("README.md", GOOD.replace("Sum zero.", "").replace("None.", "")) == [
            "README.md: '## Invariants' is empty: say it in a few lines, or 'None.'",
            "README.md: '## Events' is empty: say it in a few lines, or 'None.'",
        ]

    def test_refuses_more_than_a_page(self) -> None:
        assert readme("README.md", GOOD + "x\n" * (120 - GOOD.count("\n"))) == []
        assert readme("README.md", GOOD + "x\n" * (121 - GOOD.count("\n"))) == [
            "README.md: 121 lines, at most 120: move what is not about this service's contract to docs/"
        ]
