"""The scenes of the settings of the clock: calendar, policy, ladder, absences, simulation."""

from __future__ import annotations

from playwright.async_api import Page

from tools.screenshot_scenes import LOOKS, PRINTED, Scene, press


async def closed_day(page: Page) -> None:
    """A day closed in the draft, as the year and its bar show it."""
    await page.goto("/admin/kalender/hari/2026-12-28")
    await page.locator("input[name=act][value=close]").check()
    await page.locator("main form input[type=text]").first.fill("Pindah gedung")
    await press(page, "main form button.button")


async def calendar_review(page: Page) -> None:
    await closed_day(page)
    await page.goto("/admin/kalender/tinjau")


async def policy_draft(page: Page) -> None:
    await press(page, "main header form button")


async def policy_mistakes(page: Page) -> None:
    await policy_draft(page)
    await page.locator("input[name$='.amount']").first.fill("tiga")
    await press(page, "button[value=publish]")


async def policy_publish(page: Page) -> None:
    """The effects of another target on open cases."""
    await policy_draft(page)
    await page.locator("input[name='targets.10.amount']").fill("2")
    await press(page, "button[value=publish]")
    await page.locator("input[name=applies_to_open][value=yes]").check()
    await page.locator("[name=why]").fill("Perintah kantor wilayah")
    await press(page, "button[value=go]")


async def ladder_draft(page: Page) -> None:
    await press(page, "main header form button")


async def rung(page: Page) -> None:
    await ladder_draft(page)
    await press(page, "main a[href*='/jenjang/']")


async def on_duty(page: Page) -> None:
    """Somebody on duty for two days, and a day that nobody has."""
    if await page.locator("#duties ~ * td button, section:has(#duties) td button").count() == 0:
        await page.locator("[name=duty-person]").select_option(index=1)
        today = (await (await page.request.get("/dev/clock")).json())["now"][:10]
        await page.locator("[name=duty-from]").fill(today)
        await page.locator("[name=duty-to]").fill(today)
        await press(page, "button[value=duty]")


async def simulation(page: Page) -> None:
    """The policy in force, played over what happened."""
    await page.locator("#policy").select_option("v1")
    await press(page, "main form button")
    await page.locator(".charts").wait_for()


CLOCK_SCENES = (
    Scene("clock-01-calendar", "/admin/kalender", "admin", looks=(*LOOKS, PRINTED)),
    Scene("clock-02-day", "/admin/kalender/hari/2026-12-24", "admin"),
    Scene("clock-03-week", "/admin/kalender/minggu", "admin"),
    Scene("clock-04-special", "/admin/kalender/khusus", "admin"),
    Scene("clock-05-holidays", "/admin/kalender/libur", "admin"),
    Scene("clock-06-closed-day", "/admin/kalender", "admin", closed_day),
    Scene("clock-07-review", "/admin/kalender", "admin", calendar_review),
    Scene("clock-08-history", "/admin/kalender/riwayat", "admin"),
    Scene("clock-09-try-a-moment", "/admin/kalender/coba", "admin"),
    Scene("clock-10-policy", "/admin/kebijakan", "admin", looks=(*LOOKS, PRINTED)),
    Scene("clock-11-policy-version", "/admin/kebijakan/1", "admin"),
    Scene("clock-12-policy-draft", "/admin/kebijakan", "admin", policy_draft),
    Scene("clock-13-policy-mistakes", "/admin/kebijakan", "admin", policy_mistakes),
    Scene("clock-14-policy-publish", "/admin/kebijakan", "admin", policy_publish),
    Scene("clock-15-ladder", "/admin/eskalasi", "admin", looks=(*LOOKS, PRINTED)),
    Scene("clock-16-ladder-draft", "/admin/eskalasi", "admin", ladder_draft),
    Scene("clock-17-rung", "/admin/eskalasi", "admin", rung),
    Scene("clock-18-absences", "/admin/ketidakhadiran", "admin", on_duty),
    Scene("clock-19-simulate", "/admin/simulasi", "admin"),
    Scene("clock-20-simulation", "/admin/simulasi", "admin", simulation, looks=(*LOOKS, PRINTED)),
    Scene("clock-21-recomputes", "/admin/hitung-ulang", "admin"),
)
