"""``make screenshots``: every page in its widths, themes and languages, on one contact sheet a page, for a person to look through.

Starts a throw-away service with the demo office (or looks at ``--base-url``, a running development service) and writes
``screenshots/<page>.png``. ``--only desk`` takes only pages whose name holds the word.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tools.screenshot_clock import CLOCK_SCENES
from tools.screenshot_scenes import KIOSK_LOOKS, LOOKS, PRINTED, Look, Scene, press

READY_SECONDS = 120
TALLEST = 2_600
CELL_HEIGHT = 1_100
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FORM = "/lapor?layanan=paspor-baru"
WORDS = "Sudah sepuluh hari paspor saya belum jadi, padahal dijanjikan empat hari kerja."


async def mistakes(page: Page) -> None:
    await page.goto(FORM)
    await press(page, ".button[value=check]")


async def filled(page: Page) -> None:
    if "/lapor" not in page.url:
        await page.goto(FORM)
    await page.locator("#description").fill(WORDS)
    await page.locator("#service").select_option("paspor-baru")
    await page.locator("#category").select_option("keterlambatan")
    await page.locator("#reporter-name").fill("Siti Rahma")
    await page.locator("#reporter-email").fill("siti@example.org")


async def check(page: Page) -> None:
    await filled(page)
    await press(page, ".button[value=check]")


async def receipt(page: Page) -> None:
    await check(page)
    await press(page, "button[value=send]")


async def case(page: Page) -> None:
    await receipt(page)
    await press(page, "main a[href^='/t/']")


async def with_files(page: Page) -> None:
    """The form with a photograph and a document that were taken, and a file that was not."""
    photo = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(photo, "JPEG")
    document = BytesIO()
    Image.new("RGB", (200, 280), "white").save(document, "PDF")
    await filled(page)
    await page.locator("#file").set_input_files(
        [
            {"name": "foto paspor.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()},
            {"name": "bukti bayar.pdf", "mimeType": "application/pdf", "buffer": document.getvalue()},
            {"name": "surat.docx", "mimeType": "application/octet-stream", "buffer": b"PK\x03\x04 no picture"},
        ]
    )
    await press(page, ".button[value=check]")


async def case_with_files(page: Page) -> None:
    await with_files(page)
    await press(page, ".button[value=check]")
    await press(page, "button[value=send]")
    await press(page, "main a[href^='/t/']")


async def withdraw(page: Page) -> None:
    await case(page)
    await press(page, "a[href$='/tarik']")


async def first_ticket(page: Page) -> None:
    """The most urgent case of whoever is signed in."""
    found = await (await page.request.get("/api/v1/tickets?limit=1")).json()
    await page.goto(f"/desk/t/{found['items'][0]['number']}")


async def first_cycle(page: Page) -> None:
    link = page.locator("main a[href^='/manage/feedback/']").first
    if await link.count():
        await page.goto(await link.get_attribute("href") or "/manage/feedback")


async def case_of_files(page: Page) -> None:
    """A citizen's complaint with files, as the officer sees it."""
    citizen = await page.context.browser.new_context(base_url=page.url.split("/desk")[0])  # pyright: ignore[reportOptionalMemberAccess]
    form = await citizen.new_page()
    await form.goto("/")
    await case_with_files(form)
    number = form.url.rsplit("/", 1)[1]
    await citizen.close()
    await page.goto(f"/desk/t/{number}")


async def webhook(page: Page) -> None:
    if await page.get_by_text("https://example.org/hook").count():
        return
    await page.locator("main form input[type=url], main form input[type=text]").first.fill("https://example.org/hook")
    await press(page, "main form:last-of-type button.button")


async def by_mail(page: Page) -> None:
    """The page behind the one button of the first mail that has one."""
    for mail in await (await page.request.get("/dev/mail.json")).json():
        if "/a/" in (text := mail.get("text", "")):
            await page.goto("/a/" + text.split("/a/")[1].split()[0])
            return


async def kiosk_words(page: Page) -> None:
    await press(page, ".kiosk-choice >> nth=1")
    await page.locator("#description").click()
    await page.locator("#description").fill(WORDS)


async def kiosk_who(page: Page) -> None:
    await kiosk_words(page)
    await press(page, "button[value=who]")


async def kiosk_check(page: Page) -> None:
    await kiosk_who(page)
    await press(page, ".kiosk-button[value=check]")


async def kiosk_receipt(page: Page) -> None:
    await kiosk_check(page)
    await press(page, "button[value=send]")


SCENES = (
    *CLOCK_SCENES,
    Scene("public-00-start"),
    Scene("public-16-kind", "/?layanan=paspor-baru"),
    Scene("public-17-story", "/lapor/cerita"),
    Scene("public-01-form", FORM),
    Scene("public-02-mistakes", road=mistakes),
    Scene("public-03-check", road=check),
    Scene("public-04-receipt", road=receipt, looks=(*LOOKS, PRINTED)),
    Scene("public-05-case", road=case, looks=(*LOOKS, PRINTED)),
    Scene("public-06-withdraw", road=withdraw),
    Scene("public-07-track", "/lacak"),
    Scene("public-08-link", "/m/" + "x" * 43),
    Scene("public-09-not-found", "/tidak-ada"),
    Scene("public-10-files", road=with_files),
    Scene("public-12-survey", "/survei"),
    Scene("public-13-figures", "/transparansi", looks=(*LOOKS, PRINTED)),
    Scene("public-14-code-lost", "/lacak/hilang"),
    Scene("public-15-helped", "/terbantu"),
    Scene("public-11-case-with-files", road=case_with_files),
    Scene("kiosk-1-home", "/kios", looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-2-about", "/kios/buat", looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-3-words", "/kios/buat", road=kiosk_words, looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-4-who", "/kios/buat", road=kiosk_who, looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-5-check", "/kios/buat", road=kiosk_check, looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-6-receipt", "/kios/buat", road=kiosk_receipt, looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-7-track", "/kios/cek", looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-8-phone", "/kios/hp", looks=KIOSK_LOOKS, kiosk=True),
    Scene("kiosk-9-survey", "/kios/survei", looks=KIOSK_LOOKS, kiosk=True),
    Scene("office-1-sign-in", "/masuk"),
    Scene("office-2-desk", "/desk", "petugas"),
    Scene("office-3-case", "/desk", "petugas", first_ticket),
    Scene("office-4-file-for-a-person", "/desk/baru", "petugas"),
    Scene("office-5-manage", "/manage", "kepala", looks=(*LOOKS, PRINTED)),
    Scene("office-6-feedback", "/manage/feedback", "kepala"),
    Scene("office-7-cycle", "/manage/feedback", "kepala", first_cycle, looks=(*LOOKS, PRINTED)),
    Scene("office-8-admin", "/admin", "admin"),
    Scene("office-13-look", "/admin/kantor", "admin"),
    Scene("office-9-files-of-a-case", "/desk", "petugas", case_of_files),
    Scene("office-10-own-ways", "/saya", "petugas"),
    Scene("office-11-behind-a-mail", "/dev/mail", road=by_mail),
    Scene("office-12-webhooks", "/admin/webhooks", "admin", webhook),
    Scene("dev-1-tools", "/dev"),
    Scene("dev-2-mail", "/dev/mail"),
    Scene("dev-3-whatsapp", "/dev/whatsapp"),
    Scene("dev-4-components", "/dev/components"),
)


class Photographer:
    """Opens the scenes on a development service whose demo people may sign in."""

    def __init__(self, browser: Browser, base_url: str, people: dict[str, str]) -> None:
        self._browser = browser
        self._base_url = base_url
        self._people = people
        self._kiosk_token: str | None = None
        # One sign-in a person: the sessions are shared, as in one browser.
        self._signed_in: dict[str, Any] = {}

    async def shoot(self, scene: Scene) -> list[tuple[str, Image.Image]]:
        """The scene in each of its looks, with captions."""
        return [(look.caption, await self._one(scene, look)) for look in scene.looks]

    async def _one(self, scene: Scene, look: Look) -> Image.Image:
        context = await self._browser.new_context(
            base_url=self._base_url,
            viewport={"width": look.width, "height": look.height},
            color_scheme=look.scheme,  # pyright: ignore[reportArgumentType] - light or dark
            locale=look.language,
            reduced_motion="reduce",
        )
        try:
            if scene.person is not None:
                await self._sign_in(context, scene.person)
            # After the sign-in, which brings the cookies of the first look: people read their own language unless they switched.
            await context.add_cookies([{"name": "bahasa", "value": look.language[:2], "url": self._base_url}])
            if scene.kiosk:
                await context.request.post("/kios/daftar", form={"code": await self._token()})
            page = await context.new_page()
            await page.goto(scene.path)
            if scene.road is not None:
                await scene.road(page)
            await page.emulate_media(media=look.media)  # pyright: ignore[reportArgumentType] - screen or print
            await page.evaluate("document.fonts.ready")
            picture = Image.open(BytesIO(await page.screenshot(full_page=not scene.kiosk)))
            return picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, TALLEST)))
        finally:
            await context.close()

    async def _sign_in(self, context: BrowserContext, username: str) -> None:
        if username not in self._signed_in:
            answer = await context.request.post(
                "/api/v1/session", data={"username": username, "password": self._people[username]}
            )
            if not answer.ok:
                raise SystemExit(f"{username} cannot sign in: {answer.status}")
            self._signed_in[username] = await context.cookies()
        await context.add_cookies(self._signed_in[username])

    async def _token(self) -> str:
        if self._kiosk_token is None:
            context = await self._browser.new_context(base_url=self._base_url)
            session = await context.request.post(
                "/api/v1/session", data={"username": "admin", "password": self._people["admin"]}
            )
            headers = {"X-CSRF-Token": (await session.json())["csrf_token"]}
            made = await context.request.post("/api/v1/devices", data={"name": "Contact sheet"}, headers=headers)
            self._kiosk_token = (await made.json())["token"]
            await context.close()
        return self._kiosk_token


def contact_sheet(pictures: list[tuple[str, Image.Image]]) -> Image.Image:
    """The pictures side by side at one height, each under its caption."""
    font = ImageFont.load_default(22)
    cells = [(caption, _fitted(picture)) for caption, picture in pictures]
    widths = [max(cell.width, round(font.getlength(caption))) + 24 for caption, cell in cells]
    sheet = Image.new("RGB", (sum(widths) + 24, CELL_HEIGHT + 72), "#8a9299")
    draw = ImageDraw.Draw(sheet)
    left = 24
    for (caption, cell), width in zip(cells, widths, strict=True):
        draw.text((left, 12), caption, fill="white", font=font)
        sheet.paste(cell, (left, 48))
        left += width
    return sheet


def _fitted(picture: Image.Image) -> Image.Image:
    scale = min(1.0, CELL_HEIGHT / picture.height)
    return picture.resize(
        (max(1, round(picture.width * scale)), round(picture.height * scale)), Image.Resampling.LANCZOS
    )


@contextlib.asynccontextmanager
async def service() -> AsyncIterator[str]:
    """A throw-away service on a free port, ended with everything it started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")},
        "COMPLAINTS_DEV": "1",
        "COMPLAINTS_LISTEN": f"127.0.0.1:{port}",
    }
    command = Path(sys.executable).with_name("complaints")
    process = await asyncio.create_subprocess_exec(
        str(command), "up", "--ephemeral", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        output = process.stdout or asyncio.StreamReader()
        async with asyncio.timeout(READY_SECONDS):
            while line := await output.readline():
                if line.startswith(b"ready "):
                    break
            else:
                raise SystemExit("the service did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def take(base_url: str, only: str, folder: Path) -> None:
    """Photograph every scene whose name holds ``only``."""
    path = os.environ.get("CHROMIUM") or next((found for name in BROWSERS if (found := shutil.which(name))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        context = await browser.new_context(base_url=base_url)
        people = {p["username"]: p["password"] for p in await (await context.request.get("/dev/people")).json()}
        photographer = Photographer(browser, base_url, people)
        folder.mkdir(parents=True, exist_ok=True)
        for scene in (scene for scene in SCENES if only in scene.name):
            contact_sheet(await photographer.shoot(scene)).save(folder / f"{scene.name}.png", optimize=True)
            print(folder / f"{scene.name}.png", flush=True)
        await browser.close()


async def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", help="a running development service")
    parser.add_argument("--only", default="", help="only pages whose name holds this word")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    arguments = parser.parse_args()
    if arguments.base_url:
        await take(arguments.base_url, arguments.only, arguments.out)
    else:
        async with service() as base_url:
            await take(base_url, arguments.only, arguments.out)


if __name__ == "__main__":
    asyncio.run(main())
