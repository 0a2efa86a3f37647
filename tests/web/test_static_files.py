"""Static files: addresses that change with the content, kept for a year, compressed, and nothing beside them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import pytest

from complaints_service.errors import NotFound
from complaints_service.settings import Settings
from complaints_service.web.pages import Pages
from complaints_service.web.security_headers import CONTENT_SECURITY_POLICY
from complaints_service.web.static_files import LiveStaticFiles, StaticFiles, shortened_css
from complaints_service.wiring import Services


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("/* why */ a {\n  color: red;\n}\n")
    (tmp_path / "notes.md").write_text("not for the world")
    (tmp_path / ".made-from").write_text("x")
    return tmp_path


def test_an_address_changes_when_any_file_changes(folder: Path) -> None:
    before = StaticFiles(folder)
    assert before.url("css/a.css") == StaticFiles(folder).url("css/a.css")
    (folder / "css" / "b.css").write_text("b {}")
    assert StaticFiles(folder).url("css/a.css") != before.url("css/a.css")


def test_a_watched_folder_is_read_anew_after_a_change(folder: Path) -> None:
    live = LiveStaticFiles(folder, watch=True)
    still = LiveStaticFiles(folder)
    before = live.current.version
    (folder / "css" / "b.css").write_text("b {}")
    assert live.current.version != before
    assert still.current.version == before


@pytest.mark.parametrize("name", ["notes.md", ".made-from", "../static_files.py", "css/../../secret.css", "css", ""])
def test_only_files_of_a_known_kind_in_the_folder_are_served(folder: Path, name: str) -> None:
    with pytest.raises(NotFound):
        StaticFiles(folder).file(name)


def test_a_style_sheet_is_sent_without_comments_and_means_the_same() -> None:
    source = '/* a */ .a > .b { margin: calc(1px + 2px) auto; font-family: "A B", c; }\n@media (min-width: 1em) and (x) { a { b: c; } }'
    assert shortened_css(source) == (
        '.a>.b{margin: calc(1px + 2px) auto;font-family: "A B",c}@media (min-width: 1em) and (x){a{b: c}}'
    )


async def test_current_addresses_are_immutable_and_old_ones_are_asked_for_again(http: httpx.AsyncClient) -> None:
    address = re.findall(r'href="(/static/[^"]+base\.css)"', (await http.get("/")).text)[0]
    current = await http.get(address)
    assert current.status_code == 200
    assert current.headers["content-type"] == "text/css; charset=utf-8"
    assert current.headers["cache-control"] == "public, max-age=31536000, immutable"
    old = await http.get(re.sub(r"/static/\w+/", "/static/000000000000/", address))
    assert (old.text, old.headers["cache-control"]) == (current.text, "no-cache")


async def test_text_is_compressed_and_comes_apart_into_the_same(http: httpx.AsyncClient) -> None:
    address = "/static/x/css/base.css"
    plain = await http.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with http.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert "Accept-Encoding" in answer.headers["vary"]


@pytest.mark.parametrize(
    "path",
    ["/static/x/../../settings.py", "/static/x/%2e%2e/settings.py", "/static/x/..%2f..%2fapp.py", "/static/x/nix.css"],
)
async def test_nothing_outside_the_folder_is_ever_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/lacak", "/tidak-ada", "/static/x/icons.svg", "/api/v1/nix", "/health/live", "/masuk"]
)
async def test_every_answer_carries_the_security_headers(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert "strict-transport-security" not in headers
    assert headers["cache-control"]


def test_the_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; ")


async def test_pages_do_without_the_parts_of_vendor_when_set_up_did_not_fetch_them(
    settings: Settings, services: Services, folder: Path
) -> None:
    office = await services.offices.current()
    pages = Pages(settings, services.offices, LiveStaticFiles(folder))
    context: dict[str, object] = {
        "office": office,
        "viewer": None,
        "theme": None,
        "path": "/kios",
        "home_path": "/kios",
        "at_home": True,
        "problems": {},
        "registered": True,
        "px_per_mm": None,
        "switched": set[str](),
    }
    html = pages.html("kiosk/home.html", context, language="id", zone=office.time_zone)
    assert "Apa yang dapat kami bantu?" in html
    assert "vendor" not in html
    assert "fonts.css" not in html
