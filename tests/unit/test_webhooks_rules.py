"""What machines are told, when it is tried again, and where a webhook may never go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from complaints_service.clock import machine_now
from complaints_service.keys import Keys
from complaints_service.webhooks.addresses import Unusable, reachable, target_of
from complaints_service.webhooks.events import body_of
from complaints_service.webhooks.schedule import LONGEST_ASKED, PAUSES, TRIES, asked_seconds, pause_after
from complaints_service.webhooks.signing import new_key, secret_of, signed_headers

KEYS = Keys(b"k" * 32)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "0.0.0.1", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.0.8", "192.0.2.1",
        "198.18.0.1", "203.0.113.7", "192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:53aa:64c:0:0:0:1", "fc00::1", "fd00:ec2::254",
        "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "100::1", "not an address", "",
    ],
)  # fmt: skip
def test_no_connection_is_opened_into_a_network_of_our_own(address: str) -> None:
    assert not reachable(address, only_here=False, dev=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_open_internet_is_reachable_but_never_without_tls(address: str) -> None:
    assert reachable(address, only_here=False, dev=False)
    assert not reachable(address, only_here=True, dev=True)


def test_in_development_this_machine_itself_is_reachable_and_nothing_else_inside() -> None:
    assert reachable("127.0.0.1", only_here=True, dev=True)
    assert reachable("::1", only_here=True, dev=True)
    assert not reachable("10.0.0.1", only_here=False, dev=True)
    assert not reachable("::ffff:127.0.0.1", only_here=False, dev=True)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.org/x", "not_https"),
        ("ftp://hooks.example.org/x", "malformed"),
        ("javascript:alert(1)", "malformed"),
        ("hooks.example.org", "malformed"),
        ("", "malformed"),
        ("https://", "malformed"),
        ("https:///path", "malformed"),
        ("https://user:pw@hooks.example.org/", "malformed"),
        ("https://hooks.example.org@10.0.0.1/", "malformed"),
        ("https://hooks.example.org/#part", "malformed"),
        ("https://hooks.example.org\\@10.0.0.1/", "malformed"),
        ("https://hooks.example.org/ x", "malformed"),
        ("https://hooks.example.org/\r\nX: y", "malformed"),
        ("https://hooks.example.org/\x00", "malformed"),
        ("https://hooks.example.org:99999/", "port"),
        ("https://höoks.example.org/", "malformed"),
        ("https://hooks.example.org:22/", "port"),
        ("https://hooks.example.org:8080/", "port"),
        ("https://localhost/", "private"),
        ("https://intranet/", "private"),
        ("https://printer.local/", "private"),
        ("https://metadata.google.internal/", "private"),
        ("https://127.0.0.1/", "private"),
        ("https://127.1/", "private"),
        ("https://2130706433/", "private"),
        ("https://0x7f.0.0.1/", "private"),
        ("https://0x7f000001/", "private"),
        ("https://0177.0.0.1/", "malformed"),
        ("https://10.0.0.1./", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:127.0.0.1]/", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://hooks.example.org/" + "x" * 500, "too_long"),
    ],
)
def test_an_address_that_leads_nowhere_good_is_refused_when_it_is_given(url: str, code: str) -> None:
    with pytest.raises(Unusable) as refused:
        target_of(url, dev=False)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://hooks.example.org/in?token=x", "hooks.example.org", 443),
        ("https://HOOKS.example.org:8443", "hooks.example.org", 8443),
        ("https://8.8.8.8/", "8.8.8.8", 443),
    ],
)
def test_an_ordinary_address_is_taken_apart(url: str, host: str, port: int) -> None:
    target = target_of(url, dev=False)
    assert (target.host, target.port) == (host, port)


def test_development_may_use_http_to_this_machine_on_any_port() -> None:
    assert target_of("http://127.0.0.1:9999/in", dev=True).port == 9999
    assert target_of("http://localhost:9999/in", dev=True).host == "localhost"
    with pytest.raises(Unusable):
        target_of("http://10.0.0.1/in", dev=True)


def test_tries_are_spread_over_more_than_a_day_and_then_end() -> None:
    assert TRIES == 8
    assert 24 * 3600 < sum(PAUSES) < 36 * 3600
    assert [pause_after(attempt, 0, 0.5) for attempt in range(1, TRIES)] == pytest.approx(list(PAUSES))
    assert pause_after(TRIES, 0, 0.5) is None
    assert pause_after(1, 0, 0.0) != pause_after(1, 0, 0.9)
    assert pause_after(1, 120, 0.5) == 120
    # What may have been taken is tried twice more, over two hours.
    assert [pause_after(1, 0, 0.5, uncertain=n) for n in (1, 2)] == pytest.approx([300, 7_200])
    assert pause_after(5, 0, 0.5, uncertain=1) == pytest.approx(PAUSES[4])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 0), ("", 0), ("120", 120), ("999999", LONGEST_ASKED), ("-5", 0), ("1e9", 0), ("٣", 0), ("9" * 4000, 0),
     ("Wed, 21 Oct 2026 07:28:00 GMT", 0)],
)  # fmt: skip
def test_a_receiver_may_ask_for_an_hour_at_most(header: str | None, seconds: float) -> None:
    assert asked_seconds(header) == seconds


def test_a_receiver_with_the_standard_library_verifies_the_signature_of_either_secret() -> None:
    new, old = secret_of(KEYS, new_key()), secret_of(KEYS, new_key())
    body = b'{"type":"webhook.test"}'
    headers = signed_headers([new, old], 7, machine_now(), body)
    assert headers["webhook-id"] == "msg_7"
    for secret in (new, old):
        assert Receiver(secret).verify(body, headers) == {"type": "webhook.test"}
    for secret, said in ((secret_of(KEYS, new_key()), body), (new, body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Receiver(secret).verify(said, headers)


def test_a_secret_comes_from_the_services_own_key_and_the_endpoints() -> None:
    key = new_key()
    assert secret_of(KEYS, key) == secret_of(Keys(b"k" * 32), key)
    assert secret_of(KEYS, key) != secret_of(Keys(b"l" * 32), key)
    assert secret_of(KEYS, key) != secret_of(KEYS, new_key())
    assert secret_of(KEYS, key).startswith("whsec_")


def test_the_body_is_the_same_at_every_try_and_leads_back_to_the_case() -> None:
    params = '{"timestamp":"2026-11-24T02:00:00Z","data":{"status":"received","kind":"complaint","unit":"lantaskim","level":0}}'
    body = body_of("complaint.received", params, "LT-2026-000417", "https://x.go.id")
    assert body == body_of("complaint.received", params, "LT-2026-000417", "https://x.go.id")
    assert msgspec.json.decode(body) == {
        "type": "complaint.received",
        "timestamp": "2026-11-24T02:00:00Z",
        "data": {
            "number": "LT-2026-000417",
            "status": "received",
            "kind": "complaint",
            "unit": "lantaskim",
            "level": 0,
            "links": {"self": "https://x.go.id/api/v1/tickets/LT-2026-000417"},
        },
    }


@pytest.mark.parametrize("params", ["{broken", "[]", "{}", '{"timestamp":5}'])
def test_a_row_that_cannot_be_read_is_poison(params: str) -> None:
    with pytest.raises(ValueError):
        body_of("complaint.received", params, "LT-2026-000417", "https://x.go.id")


def test_the_page_of_the_docs_shows_a_receiver_that_works() -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def is_genuine" in block)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page
    old, new, body = secret_of(KEYS, new_key()), secret_of(KEYS, new_key()), b'{"type":"webhook.test"}'
    headers = signed_headers([new, old], 7, machine_now(), body)
    assert names["is_genuine"](old, body, headers)
    assert names["is_genuine"](new, body, headers)
    assert not names["is_genuine"](new, body + b" ", headers)
    assert not names["is_genuine"](secret_of(KEYS, new_key()), body, headers)
    assert not names["is_genuine"](new, body, headers | {"webhook-timestamp": "1700000000"})
