"""Files complaints over HTTP from many connections at once and tells rate and latencies; run beside a service that runs already.

.venv/bin/python -m benchmarks.filing_load --port 8000 --connections 16 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
import uuid

TEXT = (
    "Saya mengajukan paspor baru pada awal bulan dan dijanjikan selesai dalam empat hari kerja. "
    "Sampai hari ini belum ada kabar, dan nomor antrean di loket tiga tidak pernah dipanggil."
)


def request(port: int) -> bytes:
    """One filing with a key of its own, as bytes on the wire."""
    body = json.dumps(
        {
            "category": "keterlambatan",
            "service": "paspor-baru",
            "subject": "Paspor belum jadi",
            "description": TEXT,
            "reporter": {"name": "Siti Rahma", "phone": "0812-3456-7890"},
        }
    ).encode()
    head = (
        f"POST /api/v1/complaints HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {uuid.uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def one_connection(port: int, until: float, took: list[float], failed: list[bytes]) -> None:
    """File one after the other until the time is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (started := time.perf_counter()) < until:
        writer.write(request(port))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        took.append(time.perf_counter() - started)
        if not head.startswith(b"HTTP/1.1 201"):
            failed.append(head.split(b"\r\n")[0])
    writer.close()


async def measure(port: int, connections: int, seconds: float) -> dict[str, float]:
    """Rate a second and latencies in milliseconds."""
    took: list[float] = []
    failed: list[bytes] = []
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(one_connection(port, until, took, failed) for _ in range(connections)))
    spent = time.perf_counter() - began
    took.sort()
    return {
        "filed": len(took) - len(failed),
        "failed": len(failed),
        "per_second": round((len(took) - len(failed)) / spent, 1),
        "p50_ms": round(took[len(took) // 2] * 1000, 2),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 2),
        "max_ms": round(took[-1] * 1000, 2),
    }


def main() -> None:
    """Measure once and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    import uvloop

    print(json.dumps(uvloop.run(measure(given.port, given.connections, given.seconds))))


if __name__ == "__main__":
    main()
