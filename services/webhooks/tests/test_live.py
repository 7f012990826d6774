"""Live mode: strangers' URLs, and the operator's own key."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from farthing.kit.clock import real_now
from farthing.kit.settings import Settings
from farthing.webhooks.delivery.answer import LOST, REFUSED, UNREACHABLE
from farthing.webhooks.delivery.http import AddressRefused, HttpPost, NameUnresolvable, Resolver
from farthing.webhooks.settings import WebhookSettings
from farthing.webhooks.signing import KeyPair, given_pair, new_pair
from services.webhooks.tests.conftest import Receiver, Webhooks, genuine
from tests.single import StartSingle


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return new_pair("notifications.example.com", real_now())


def files(folder: Path, pair: KeyPair) -> dict[str, str]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    key.write_text(pair.private_key or "")
    certificate.write_text(pair.certificate)
    return {"FARTHING_WEBHOOKS_KEY_FILE": str(key), "FARTHING_WEBHOOKS_CERTIFICATE_FILE": str(certificate)}


class TestTargets:
    async def test_plain_http_and_our_own_network_are_refused(self, single: StartSingle, tmp_path: Path, pair: KeyPair) -> None:
        webhooks = Webhooks(await single("webhooks", settings=Settings(mode="live", environment=files(tmp_path, pair))))
        for url in (
            "http://example.com/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://169.254.169.254/latest",
            "https://shop..example/hook",
        ):
            body = {"url": url, "event_types": [{"name": "*"}]}
            assert (await webhooks.app().refused("POST", "/webhooks", body))[::2] == ("VALIDATION_ERROR", "/url")
            body = {"url": url, "event_type": "PAYMENT.CAPTURE.DENIED"}
            assert (await webhooks.app().refused("POST", "/simulate-event", body))[::2] == ("VALIDATION_ERROR", "/url")
        webhook_id = await webhooks.app().subscribe("https://example.com/hook")
        patches = [{"op": "replace", "path": "/url", "value": "https://10.0.0.1/"}]
        assert (await webhooks.app().refused("PATCH", f"/webhooks/{webhook_id}", patches))[0] == "VALIDATION_ERROR"

    async def test_a_name_that_leads_into_our_own_network_is_refused_when_it_is_used(self, receiver: Receiver) -> None:
        post = HttpPost(timeout=5, connections=10, strangers=True)
        try:
            own_name = socket.gethostname()
            for host in {own_name, "ip6-localhost"}:
                assert await post.send(f"https://{host}:{receiver.port}/", {}, b"{}") in (REFUSED, UNREACHABLE)
            assert await post.send(receiver.url(), {}, b"{}") == REFUSED
        finally:
            await post.close()
        assert receiver.received == []

    async def test_the_connection_goes_to_the_judged_address(self) -> None:
        strict, lenient = Resolver(strangers=True), Resolver(strangers=False)
        try:
            found = await lenient.resolve("localhost", 443)
            assert {(one["host"], one["port"]) for one in found} <= {("127.0.0.1", 443), ("::1", 443)}
            assert all(one["flags"] & socket.AI_NUMERICHOST for one in found)
            with pytest.raises(AddressRefused):
                await strict.resolve("localhost", 443)
        finally:
            await strict.close()
            await lenient.close()

    async def test_an_unknown_name_is_no_connection(self) -> None:
        post = HttpPost(timeout=10, connections=10, strangers=False)
        try:
            assert await post.send("http://no-such-name.invalid/", {}, b"{}") == UNREACHABLE
        finally:
            await post.close()

    async def test_what_cannot_be_sent_is_no_answer(self, receiver: Receiver) -> None:
        post = HttpPost(timeout=10, connections=10, strangers=False)
        try:
            assert await post.send(receiver.url(), {"X": "a\nb"}, b"{}") == LOST
        finally:
            await post.close()

    async def test_a_name_that_no_resolver_takes_is_no_address(self) -> None:
        """Of the release before there may be webhooks with such names."""
        resolver = Resolver(strangers=False)
        try:
            for name in ("shop..example", f"{'a' * 64}.example"):
                with pytest.raises(NameUnresolvable):
                    await resolver.resolve(name, 80)
        finally:
            await resolver.close()


class TestKey:
    async def test_the_operators_key_signs(self, single: StartSingle, tmp_path: Path, pair: KeyPair, receiver: Receiver) -> None:
        settings = Settings(environment=files(tmp_path, pair))
        webhooks = Webhooks(await single("webhooks", settings=settings))
        webhook_id = await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        request = receiver.received[0]
        assert request.headers["paypal-cert-url"].endswith(pair.certificate_id)
        assert genuine(request, webhook_id, await webhooks.app().certificate(request.headers["paypal-cert-url"]))
        stored = await webhooks.single.database.row("SELECT certificate, private_key, active FROM signing_keys")
        assert stored is not None
        assert tuple(stored) == (pair.certificate, None, False)

    @pytest.mark.parametrize("missing", [(), ("FARTHING_WEBHOOKS_KEY_FILE",), ("FARTHING_WEBHOOKS_CERTIFICATE_FILE",)])
    def test_live_mode_needs_both_files(self, missing: tuple[str, ...], tmp_path: Path, pair: KeyPair) -> None:
        environment = {name: path for name, path in files(tmp_path, pair).items() if missing and name not in missing}
        with pytest.raises(ValueError, match="FARTHING_WEBHOOKS_KEY_FILE and FARTHING_WEBHOOKS_CERTIFICATE_FILE"):
            WebhookSettings.of(Settings(mode="live", environment=environment))

    def test_half_a_pair_is_refused_in_sandbox_mode_too(self, tmp_path: Path, pair: KeyPair) -> None:
        environment = files(tmp_path, pair)
        del environment["FARTHING_WEBHOOKS_KEY_FILE"]
        with pytest.raises(ValueError, match="set both"):
            WebhookSettings.of(Settings(environment=environment))

    async def test_files_that_do_not_fit_stop_the_start(self, single: StartSingle, tmp_path: Path, pair: KeyPair) -> None:
        other = new_pair("other.example.com", real_now())
        environment = files(tmp_path, KeyPair("", pair.certificate, other.private_key))
        with pytest.raises(ValueError, match="not that of the private key"):
            await single("webhooks", settings=Settings(mode="live", environment=environment))

    def test_the_id_follows_from_the_certificate(self, pair: KeyPair) -> None:
        again = given_pair(pair.certificate.encode(), (pair.private_key or "").encode())
        assert again.certificate_id == pair.certificate_id
        assert [len(part) for part in pair.certificate_id.split("-")] == [4, 8, 8, 8]


class TestSettings:
    def test_numbers(self) -> None:
        environment = {"FARTHING_WEBHOOKS_ATTEMPTS": "3", "FARTHING_WEBHOOKS_FIRST_PAUSE": "1.5", "FARTHING_WEBHOOKS_LONGEST_PAUSE": "60"}
        found = WebhookSettings.of(Settings(environment=environment))
        assert (found.attempts, found.first_pause.total_seconds(), found.longest_pause.total_seconds(), found.timeout) == (3, 1.5, 60, 10)

    @pytest.mark.parametrize("value", ["0", "-1", "many", "", "nan", "inf", "1e300"])
    def test_numbers_that_make_no_sense(self, value: str) -> None:
        with pytest.raises(ValueError, match="FARTHING_WEBHOOKS_TIMEOUT is"):
            WebhookSettings.of(Settings(environment={"FARTHING_WEBHOOKS_TIMEOUT": value}))

    @pytest.mark.parametrize("value", ["0.5", "1001"])
    def test_there_is_a_first_attempt_and_a_last(self, value: str) -> None:
        with pytest.raises(ValueError, match=f"FARTHING_WEBHOOKS_ATTEMPTS is '{value}': use a number from 1 to 1000"):
            WebhookSettings.of(Settings(environment={"FARTHING_WEBHOOKS_ATTEMPTS": value}))
