"""The seeded random run, short: kills of every part under a load from all doors, then the model against what is there (I1 to I7, I9, I12).

``make soak`` is the same for half an hour.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice
from pathlib import Path

import msgspec

from tests.faults.soak.judge import Stored, differences, numbers_of
from tests.faults.soak.model import Case, Told
from tests.faults.soak.plan import KILLS, plan_of
from tests.faults.soak.run import SHORT, soak
from tests.faults.soak.stories import Door, Step, Who, stories_of


def test_the_same_seed_is_the_same_faults_and_the_same_clients() -> None:
    def drawn(seed: int) -> tuple[object, ...]:
        return plan_of(seed, 50, 1, 2), [list(islice(stories_of(seed, client), 20)) for client in range(3)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    faults, _ = drawn(7)
    assert isinstance(faults, tuple)
    assert sum(fault.deed in KILLS for fault in faults) == 50
    assert len({fault.deed for fault in faults}) > 6


def test_the_judge_sees_what_is_lost_doubled_or_rewritten() -> None:
    case = Case(door=Door.API, key="k", words=("Berkas belum selesai.",), number="LT-2026-000001")
    case.acted(Step(Who.OFFICER, "verify"), "verified")
    case.acted(Step(Who.OFFICER, "note", {"text": "Sudah dicek."}), "verified")
    whole = Stored(
        status="verified",
        description="Berkas belum selesai.",
        events=Counter({"verified": 1, "noted": 1}),
        said=Counter({("note", "Sudah dicek."): 1}),
        files=0,
        draft=[],
        last_deed=3,
        ended_by=None,
    )
    assert differences(case, whole) == []
    for broken in (
        {"status": "received"},
        {"description": "Berkas selesai."},
        {"events": Counter({"verified": 1})},
        {"events": Counter({"verified": 1, "noted": 2})},
        {"said": Counter[tuple[str, str]]()},
        {"files": 1},
    ):
        assert len(differences(case, msgspec.structs.replace(whole, **broken))) == 1, broken
    assert differences(case, msgspec.structs.replace(whole, status="closed", ended_by=(4, "closed"))) == []
    assert numbers_of(Told(cases=[case]), {"LT-2026-000001": whole}) == []
    assert len(numbers_of(Told(cases=[case]), {})) == 1
    assert len(numbers_of(Told(cases=[case]), {"LT-2026-000001": whole, "LT-2026-000002": whole})) == 1
    assert len(numbers_of(Told(cases=[case, case]), {"LT-2026-000001": whole})) == 1


async def test_killed_at_random_under_load_from_all_doors_everybody_finds_what_they_were_told(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    report = await soak(tmp_path, seed, SHORT)
    assert report.wrong == [], f"seed {seed}: " + "\n".join(report.wrong)
    assert report.kills >= 25, f"seed {seed}"
    assert report.verdict.tickets > 0, f"seed {seed}"
    assert report.verdict.receipts > 0, f"seed {seed}"
