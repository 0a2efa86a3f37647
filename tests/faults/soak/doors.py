"""Filing through each door until the client is told its number, whatever is killed on the way."""

from __future__ import annotations

import asyncio
import re
import time

import httpx

from complaints_service.dev.whatsapp_wire import Typed, webhook
from complaints_service.intake.whatsapp.inbound import Provider
from complaints_service.intake.whatsapp.signature import HEADER, sign
from tests import files
from tests.faults.soak.line import Line
from tests.faults.soak.model import Case, Told
from tests.faults.soak.stories import Door, Story

_FORM_ID = re.compile(r'name="form_id" value="([^"]+)"')
_KEPT = re.compile(r'name="attachments" value="([^"]+)"')
_CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}\b")


class Doors:
    """``officer``: headers of somebody who files for others. ``kiosk``: of a device. ``secret``: the gateway's."""

    def __init__(self, line: Line, told: Told, officer: dict[str, str], kiosk: dict[str, str], secret: str) -> None:
        self._line = line
        self._told = told
        self._officer = officer
        self._kiosk = kiosk
        self._secret = secret

    async def file(self, story: Story) -> list[Case]:
        """The cases that the client holds a number of; for WhatsApp one without a number yet."""
        match story.door:
            case Door.API:
                return [await self._api(story)]
            case Door.FORM:
                return [await self._form(story)]
            case Door.COUNTER:
                return [await self._counter(story)]
            case Door.KIOSK:
                return await self._kiosks(story)
            case Door.WHATSAPP:
                return [await self._whatsapp(story)]

    async def say(self, story: Story, words: str, place: int) -> None:
        """One message into the chat, delivered as often as the story says: at once, and again until each is acknowledged."""
        typed = Typed(
            number=story.phone,
            name=story.name,
            text=words,
            choice=None,
            message_id=f"wamid.{story.key}.{place}",
            at=int(time.time()) + place,
        )
        body = webhook(Provider.CLOUD, typed)
        headers = {HEADER: sign(self._secret, body), "Content-Type": "application/json"}
        times = story.times[place % len(story.times)]
        tries = (
            self._line.until_told("POST", "/webhooks/whatsapp/cloud", content=body, headers=headers)
            for _ in range(times)
        )
        for answer in await asyncio.gather(*tries):
            assert answer.status_code == 200, answer.text

    async def _api(self, story: Story) -> Case:
        body, headers = _complaint(story, story.words[0]), {"Idempotency-Key": story.key}
        while True:
            if story.files:
                body["attachments"] = [await self._upload(story, place) for place in range(story.files)]
            answer = await self._line.until_told("POST", "/api/v1/complaints", json=body, headers=headers)
            # Files that nobody has used vanish after 24 hours, and the office's clock is moved by days.
            if not story.files or answer.status_code != 422:
                return self._filed(story, answer)

    async def _counter(self, story: Story) -> Case:
        body = _complaint(story, story.words[0]) | {"channel": "counter"}
        headers = {**self._officer, "Idempotency-Key": story.key}
        return self._filed(story, await self._line.until_told("POST", "/api/v1/tickets", json=body, headers=headers))

    async def _upload(self, story: Story, place: int) -> str:
        name, content = f"surat-{place}.pdf", files.pdf(f"{story.key} {place}".encode())
        answer = await self._line.until_told(
            "POST", "/api/v1/uploads", files={"file": (name, content, "application/pdf")}
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def _form(self, story: Story) -> Case:
        """A browser without script: the form, its id, a receipt that only this browser sees."""
        # Its own cookies, its own line: what a browser keeps is nobody else's.
        browser = Line(str(self._line.http.base_url), self._told)
        try:
            page = await browser.until_told("GET", "/", params={"layanan": "paspor-baru"})
            found = _FORM_ID.search(page.text)
            assert found, "the form has no id"
            fields: dict[str, str | list[str]] = {
                "form_id": found[1], "step": "send", "kind": "complaint", "privacy": "open", "service": "paspor-baru",
                "description": story.words[0], "reporter.name": story.name, "reporter.phone": f"+{story.phone}",
                "reporter.email": story.email or "",
            }  # fmt: skip
            answer = await self._send_form(browser, story, fields)
            while story.files and answer.status_code == 422:  # the files have vanished meanwhile, as above
                answer = await self._send_form(browser, story, fields)
            assert answer.status_code == 303, answer.text
            receipt = await browser.until_told("GET", answer.headers["location"])
        finally:
            await browser.aclose()
        code = _CODE.search(receipt.text)
        assert code, "the receipt shows no code"
        return self._told.filed(story, story.words, answer.headers["location"].rpartition("/")[2], code[0])

    async def _send_form(self, browser: Line, story: Story, fields: dict[str, str | list[str]]) -> httpx.Response:
        if story.files:
            sent = [
                ("file", (f"surat-{place}.pdf", files.pdf(f"{story.key} {place}".encode()), "application/pdf"))
                for place in range(story.files)
            ]
            check = await browser.until_told("POST", "/", data={**fields, "step": "check"}, files=sent)
            # Taken before it is sent: the page carries their ids, so that sending twice is sending the same.
            fields = {**fields, "attachments": _KEPT.findall(check.text)}
        return await browser.until_told("POST", "/", data=fields)

    async def _kiosks(self, story: Story) -> list[Case]:
        """The whole batch twice, the second time in another order: the device did not hear the first answer."""
        items = [
            _complaint(story, words) | {"client_id": f"{story.key[:-2]}{place:02d}"}
            for place, words in enumerate(story.words)
        ]
        batches = items, [items[place] for place in story.order]
        told: list[dict[str, tuple[str, str]]] = []
        for batch in batches[: 1 + story.times[0] % 2]:
            answer = await self._line.until_told(
                "POST", "/api/v1/kiosk/complaints", json={"items": batch}, headers=self._kiosk
            )
            results = answer.json()["items"]
            assert {result["status"] for result in results} <= {200, 201}, answer.text
            told.append({result["client_id"]: (result["number"], result["tracking_code"]) for result in results})
        assert all(each == told[0] for each in told), "a batch sent twice has one answer"
        return [
            self._told.filed(story, (words,), *told[0][str(item["client_id"])])
            for item, words in zip(items, story.words, strict=True)
        ]

    async def _whatsapp(self, story: Story) -> Case:
        """The parts in the gateway's order, then the word that sends them. The number comes by message."""
        for place in story.order:
            await self.say(story, story.words[place], place)
        await self.say(story, "kirim", len(story.words))
        return self._told.filed(story, story.words, None, None)

    def _filed(self, story: Story, answer: httpx.Response) -> Case:
        assert answer.status_code == 201, answer.text
        told = answer.json()
        return self._told.filed(story, story.words, told["number"], told["tracking_code"])


def _complaint(story: Story, words: str) -> dict[str, object]:
    reporter = {"name": story.name, "phone": f"+{story.phone}"} | ({"email": story.email} if story.email else {})
    return {"description": words, "service": "paspor-baru", "reporter": reporter}
