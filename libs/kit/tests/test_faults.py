"""Counting hits where the rules are kept."""

from __future__ import annotations

import asyncio

from farthing.kit.faults import Fault, Faults

RULE = Fault("F1", "shop.buy", "error", times=20)


async def test_whoever_keeps_the_rules_says_whether_one_strikes() -> None:
    asked: list[str] = []

    async def claimed(fault_id: str) -> bool:
        asked.append(fault_id)
        left = len(asked) <= 2
        await asyncio.sleep(0)
        return left

    faults = Faults()
    faults.count_with(claimed)
    faults.plant(RULE)
    struck = await asyncio.gather(*(faults.claim("shop.buy", {}, "error") for _ in range(5)))
    assert [fault is not None for fault in struck] == [True, True, False, False, False]
    assert faults.rules()[0].hits == 2


async def test_hits_that_come_in_together_are_all_counted() -> None:
    async def claimed(_fault_id: str) -> bool:
        await asyncio.sleep(0)
        return True

    faults = Faults()
    faults.count_with(claimed)
    faults.plant(RULE)
    await asyncio.gather(*(faults.claim("shop.buy", {}, "error") for _ in range(7)))
    assert faults.rules()[0].hits == 7


async def test_a_rule_that_was_removed_meanwhile_does_not_come_back() -> None:
    faults = Faults()

    async def claimed(fault_id: str) -> bool:
        faults.remove(fault_id)
        return True

    faults.count_with(claimed)
    faults.plant(RULE)
    assert await faults.claim("shop.buy", {}, "error") == RULE
    assert faults.rules() == []
