"""Every page that a citizen or a kiosk opens, over HTTP at many tickets: how long the whole page takes, one after the other.

.venv/bin/python -m benchmarks.pages [--tickets 100000] [--requests 200]
"""

from __future__ import annotations

import argparse
import re
import time
import uuid
from collections.abc import Callable

import httpx

from benchmarks.queue import seed
from benchmarks.running import cpu_seconds, service
from complaints_service.public.walk import Step

WORDS = "Sudah sepuluh hari paspor saya belum jadi, padahal dijanjikan empat hari kerja."
AIM_MS = 50.0
# The process that serves the pages reads the figures anew every half minute.
SETTLED_SECONDS = 45.0
READ = (
    "/", "/?layanan=paspor-baru", "/lapor", "/lapor/cerita", "/terbantu", "/lacak", "/lacak/hilang", "/survei", "/transparansi",
    "/transparansi/data.json", "/transparansi/data.csv", "/kios", "/kios/buat", "/kios/cek", "/kios/hp",
)  # fmt: skip


def kiosk_token(base: str) -> str:
    """A kiosk of the demo office, enrolled by its administrator."""
    passwords = {p["username"]: p["password"] for p in httpx.get(f"{base}/dev/people").json()}
    with httpx.Client(base_url=base) as admin:
        session = admin.post("/api/v1/session", json={"username": "admin", "password": passwords["admin"]})
        headers = {"X-CSRF-Token": session.raise_for_status().json()["csrf_token"]}
        return str(admin.post("/api/v1/devices", json={"name": "bench"}, headers=headers).json()["token"])


def filed(client: httpx.Client) -> dict[str, str]:
    """A complaint of this run: its number and code."""
    body = {"description": WORDS, "service": "paspor-baru", "category": "keterlambatan"}
    answer = client.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
    given = answer.raise_for_status().json()
    return {"number": given["number"], "code": given["tracking_code"]}


def counted(client: httpx.Client) -> float:
    """Seconds until the workers had counted the public figures, a few months a sweep: before that their pages are empty."""
    began = changed = time.perf_counter()
    months = 0
    while not months or time.perf_counter() - changed < SETTLED_SECONDS:
        found = len({row["month"] for row in client.get("/transparansi/data.json").json()["months"]})
        if found != months:
            months, changed = found, time.perf_counter()
        time.sleep(1)
    return changed - began


def visits(client: httpx.Client) -> dict[str, Callable[[], httpx.Response]]:
    """What is measured: a name and the request behind it."""
    case = filed(client)
    form = {"description": WORDS, "service": "paspor-baru", "kind": "complaint", "privacy": "open"}

    def read(path: str) -> Callable[[], httpx.Response]:
        return lambda: client.get(path)

    def send() -> httpx.Response:
        return client.post("/", data={**form, "form_id": str(uuid.uuid4()), "step": "send"})

    def walk(step: Step) -> Callable[[], httpx.Response]:
        return lambda: client.post(step.address, data={**form, "walk": "1"})

    receipt = send()
    own = re.sub(r"^/terkirim", "/t", receipt.headers["location"])
    return {
        **{path: read(path) for path in READ},
        **{f"POST {step.address}": walk(step) for step in Step if step is not Step.SERVICE},
        "POST / (check the answers)": lambda: client.post("/", data={**form, "step": "check"}),
        "POST / (send)": send,
        "/terkirim/{number}": read(receipt.headers["location"]),
        "/t/{number}": read(own),
        "/t/{number}/data": read(f"{own}/data"),
        "POST /lacak": lambda: client.post("/lacak", data=case),
        "POST /kios/cek": lambda: client.post("/kios/cek", data=case),
    }


def main() -> None:
    """Print a line for each page, and at the end whether the aim was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    given = parser.parse_args()
    with service(rate_filing_per_minute="1000000", rate_lookup_per_minute="1000000") as running:
        print(f"{given.tickets} tickets seeded in {seed(running, given.tickets):.0f} s", flush=True)
        base = f"http://127.0.0.1:{running.port}"
        slow: list[str] = []
        with httpx.Client(base_url=base, headers={"Accept": "text/html"}, timeout=60) as client:
            client.post("/kios/daftar", data={"code": kiosk_token(base)})
            print(f"public figures counted after {counted(client):.0f} s more", flush=True)
            for name, visit in visits(client).items():
                for _ in range(5):
                    visit()
                before, took = cpu_seconds(running.process), list[float]()
                for _ in range(given.requests):
                    began = time.perf_counter()
                    answer = visit()
                    took.append((time.perf_counter() - began) * 1000)
                    if answer.status_code >= 400:
                        raise SystemExit(f"{name}: {answer.status_code}")
                after = cpu_seconds(running.process)
                cpu = {k: round((after[k] - before[k]) * 1000 / given.requests, 1) for k in ("web", "PostgreSQL")}
                took.sort()
                p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
                if p95 >= AIM_MS:
                    slow.append(name)
                print(f"{name:28} p50 {p50:6.1f} ms, p95 {p95:6.1f} ms; CPU ms a page {cpu}", flush=True)
        print("every page under 50 ms" if not slow else f"slower: {', '.join(slow)}")


if __name__ == "__main__":
    main()
