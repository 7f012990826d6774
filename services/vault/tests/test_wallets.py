"""Permissions of payers, kept by key."""

from __future__ import annotations

import pytest

from farthing.clients.vault.client import VaultClient
from farthing.clients.vault.errors import WalletNotFound
from farthing.clients.vault.models import NewWallet
from tests.single import StartSingle

WALLET = NewWallet(account_id="BUYERWITHMNEY", customer_id="customer_7")


async def test_one_key_keeps_one_and_the_newest_way_to_pay_counts(single: StartSingle) -> None:
    vault = (await single("vault")).client(VaultClient)
    first = await vault.keep(WALLET, key="a")
    assert (first.account_id, first.card, first.customer_id) == ("BUYERWITHMNEY", None, "customer_7")
    again = await vault.keep(NewWallet(account_id="BUYERWITHMNEY", card="VLT1", customer_id="customer_8"), key="a")
    assert (again.token, again.card, again.customer_id) == (first.token, "VLT1", "customer_7")
    assert await vault.wallet(first.token) == again
    assert (await vault.keep(WALLET, key="b")).token != first.token


async def test_an_unknown_token(single: StartSingle) -> None:
    vault = (await single("vault")).client(VaultClient)
    for token in ("WLT1", "", "../cards/SEEDCARD1BUYER", "SEEDCARD1BUYER"):
        with pytest.raises(WalletNotFound):
            await vault.wallet(token or "x")
