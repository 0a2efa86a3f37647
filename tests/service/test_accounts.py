"""Signing in, sessions and tokens on the real database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import date, timedelta

import msgspec
import pytest

from complaints_service.accounts.model import NewPerson, Viewer
from complaints_service.accounts.passwords import PasswordCheck, hash_password
from complaints_service.accounts.people import People
from complaints_service.accounts.signin_delay import ACCOUNT_ATTACK, PAIR_FREE
from complaints_service.errors import Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from complaints_service.keys import token_hash
from complaints_service.office.model import Role
from complaints_service.wiring import Services

PASSWORD = "kata-sandi-yang-panjang"
HERE = "203.0.113.7"


class Somebody(msgspec.Struct, frozen=True):
    """A person made for one test."""

    id: int
    username: str


@pytest.fixture(autouse=True)
async def no_failures_yet(services: Services) -> None:
    """Failures at an address count over all accounts: each test begins without any."""
    await execute(services, "DELETE FROM signin_failure")


@pytest.fixture
async def people(services: Services) -> AsyncIterator[People]:
    """The use cases around people."""
    check = PasswordCheck()
    yield People(services.database, services.offices, check)
    check.close()


@pytest.fixture
async def officer(people: People) -> Somebody:
    """An officer of Seksi Tikkim whom no other test knows."""
    return await make(people)


async def make(people: People, role: Role = Role.OFFICER, unit: str = "tikkim") -> Somebody:
    username = f"uji-{secrets.token_hex(5)}"
    return Somebody(
        await people.add(None, NewPerson(username=username, name="Uji Coba", role=role, unit=unit, password=PASSWORD)),
        username,
    )


async def sign_in(
    services: Services, who: Somebody, password: str = PASSWORD, address: str = HERE, **more: str | None
) -> str:
    return (await services.accounts.sign_in(who.username, password, address=address, **more)).token


async def refused(services: Services, username: str, address: str, times: int, device: str | None = None) -> None:
    """So many wrong passwords."""
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await services.accounts.sign_in(username, "salah-sekali-ini", address=address, device=device)


async def viewer(services: Services, token: str) -> Viewer:
    found = await services.accounts.viewer_of_session(token)
    assert found is not None
    return found


async def execute(services: Services, sql: str, *values: object) -> None:
    async with services.database.connection() as connection:
        await connection.execute(sql, *values)


async def test_a_person_signs_in_and_is_known_by_the_session(services: Services, officer: Somebody) -> None:
    found = await viewer(services, await sign_in(services, officer))
    assert (found.person.username, found.person.role, found.language) == (officer.username, Role.OFFICER, "id")
    assert found.actor().label == f"person:{officer.id}"
    assert {found.office.units[unit].slug for unit in found.unit_ids} == {"tikkim"}


async def test_capitals_and_blanks_around_a_username_do_not_matter(services: Services, officer: Somebody) -> None:
    signed_in = await services.accounts.sign_in(f" {officer.username.upper()} ", PASSWORD, address=HERE)
    assert signed_in.viewer.person.id == officer.id


async def test_an_unknown_person_and_a_wrong_password_get_the_same_answer(
    services: Services, officer: Somebody
) -> None:
    answers: list[tuple[str, str, int]] = []
    for username in (officer.username, f"tak-ada-{secrets.token_hex(4)}", "tak\x00ada", "x" * 5000, "' OR 1=1 --"):
        with pytest.raises(Unauthenticated) as caught:
            await services.accounts.sign_in(username, "salah-sekali-ini", address=secrets.token_hex(4))
        answers.append((caught.value.detail, caught.value.code, caught.value.status))
    assert len(set(answers)) == 1


async def test_a_password_that_is_only_the_beginning_of_a_longer_one_is_wrong(
    services: Services, officer: Somebody
) -> None:
    await refused(services, officer.username, HERE, 1)
    with pytest.raises(Unauthenticated):
        await services.accounts.sign_in(officer.username, PASSWORD + "x" * 500, address=HERE)


async def test_only_hashes_of_tokens_are_stored(services: Services, officer: Somebody) -> None:
    token = await sign_in(services, officer)
    async with services.database.connection() as connection:
        stored = [
            row["token_hash"]
            for row in await connection.fetch("SELECT token_hash FROM session WHERE person_id = $1", officer.id)
        ]
    assert stored == [token_hash(token)]
    assert token.encode() not in stored


async def test_signing_in_again_ends_the_session_the_browser_brought(services: Services, officer: Somebody) -> None:
    first = await sign_in(services, officer)
    second = await sign_in(services, officer, old_token=first)
    assert second != first
    assert await services.accounts.viewer_of_session(first) is None
    assert await services.accounts.viewer_of_session(second) is not None


async def test_a_token_that_the_client_chose_never_becomes_a_session(services: Services, officer: Somebody) -> None:
    await sign_in(services, officer, old_token="dipilih-penyerang")
    assert await services.accounts.viewer_of_session("dipilih-penyerang") is None


async def test_signing_out_ends_this_session_and_no_other(services: Services, officer: Somebody) -> None:
    here, elsewhere = await sign_in(services, officer), await sign_in(services, officer)
    await services.accounts.sign_out(await viewer(services, here))
    assert await services.accounts.viewer_of_session(here) is None
    assert await services.accounts.viewer_of_session(elsewhere) is not None


@pytest.mark.parametrize(
    "aged",
    [
        "seen_at = clock_timestamp() - interval '2 hours 1 second'",
        "expires_at = clock_timestamp() - interval '1 second'",
    ],
)
async def test_a_session_ends_after_two_idle_hours_and_after_its_time(
    services: Services, officer: Somebody, aged: str
) -> None:
    token = await sign_in(services, officer)
    await execute(services, f"UPDATE session SET {aged} WHERE person_id = $1", officer.id)  # noqa: S608
    assert await services.accounts.viewer_of_session(token) is None
    await services.accounts.clean_up()
    async with services.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM session WHERE person_id = $1", officer.id) == 0


async def test_a_session_in_use_stays_awake(services: Services, officer: Somebody) -> None:
    token = await sign_in(services, officer)
    await execute(
        services,
        "UPDATE session SET seen_at = clock_timestamp() - interval '119 minutes' WHERE person_id = $1",
        officer.id,
    )
    await viewer(services, token)
    async with services.database.connection() as connection:
        idle: timedelta = await connection.fetchval(
            "SELECT clock_timestamp() - seen_at FROM session WHERE person_id = $1", officer.id
        )
    assert idle < timedelta(minutes=1)


async def test_moving_office_time_signs_nobody_out(services: Services, officer: Somebody) -> None:
    token = await sign_in(services, officer)
    await execute(services, "UPDATE clock_shift SET shift = shift + interval '20 hours'")
    assert await services.accounts.viewer_of_session(token) is not None


async def test_who_leaves_the_office_is_out_at_once(services: Services, officer: Somebody) -> None:
    token = await sign_in(services, officer)
    entry, _ = await services.accounts.create_token(await viewer(services, token), "skrip", ["tickets"], None)
    await execute(services, "UPDATE person SET active = false WHERE id = $1", officer.id)
    assert await services.accounts.viewer_of_session(token) is None
    assert await services.accounts.viewer_of_api_token(entry) is None
    with pytest.raises(Unauthenticated):
        await sign_in(services, officer)


async def test_a_role_that_is_taken_away_counts_at_the_next_request(services: Services, people: People) -> None:
    chief = await make(people, Role.HEAD, "kantor")
    token = await sign_in(services, chief)
    before = await viewer(services, token)
    before.require(Role.HEAD)
    await execute(services, "UPDATE person SET role = 'officer' WHERE id = $1", chief.id)
    after = await viewer(services, token)
    with pytest.raises(Forbidden):
        after.require(Role.HEAD, Role.ADMIN)
    assert len(after.unit_ids) < len(before.unit_ids)


async def test_a_new_password_ends_every_session_and_token(
    services: Services, people: People, officer: Somebody
) -> None:
    session = await sign_in(services, officer)
    token, _ = await services.accounts.create_token(await viewer(services, session), "skrip", ["tickets"], None)
    await people.set_password(None, officer.username, "kata-sandi-yang-baru")
    assert await services.accounts.viewer_of_session(session) is None
    assert await services.accounts.viewer_of_api_token(token) is None
    await sign_in(services, officer, "kata-sandi-yang-baru")
    with pytest.raises(Unauthenticated):
        await sign_in(services, officer)


async def test_a_hash_of_older_parameters_is_renewed_by_signing_in(services: Services, officer: Somebody) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await execute(services, "UPDATE person SET password_hash = $2 WHERE id = $1", officer.id, old)
    await sign_in(services, officer)
    async with services.database.connection() as connection:
        stored: str = await connection.fetchval("SELECT password_hash FROM person WHERE id = $1", officer.id)
    assert stored.split("$")[3] == hash_password(PASSWORD).split("$")[3]
    await sign_in(services, officer)


async def test_the_csrf_token_belongs_to_one_session(services: Services, officer: Somebody) -> None:
    accounts = services.accounts
    one, other = (
        await viewer(services, await sign_in(services, officer)),
        await viewer(services, await sign_in(services, officer)),
    )
    assert accounts.csrf_matches(one, accounts.csrf_token(one))
    for wrong in (accounts.csrf_token(other), "", None, "é", accounts.csrf_token(one)[:-1]):
        assert not accounts.csrf_matches(one, wrong)


async def test_after_a_few_failures_an_address_must_wait_even_with_the_right_password(
    services: Services, officer: Somebody
) -> None:
    await refused(services, officer.username, HERE, PAIR_FREE)
    with pytest.raises(TooMany) as caught:
        await sign_in(services, officer)
    assert int(caught.value.headers["Retry-After"]) in (1, 2)
    await execute(services, "UPDATE signin_failure SET at = at - interval '3 seconds'")
    await sign_in(services, officer)
    await refused(services, officer.username, HERE, PAIR_FREE)


async def test_the_owner_comes_in_from_elsewhere_while_somebody_guesses(services: Services, officer: Somebody) -> None:
    await refused(services, officer.username, HERE, PAIR_FREE)
    token = await sign_in(services, officer, address="198.51.100.4")
    viewer = await services.accounts.viewer_of_session(token)
    assert viewer is not None
    assert viewer.person.username == officer.username


async def test_a_device_that_has_signed_in_before_is_not_held_up_by_others_at_its_address(
    services: Services, officer: Somebody
) -> None:
    device = (await services.accounts.sign_in(officer.username, PASSWORD, address=HERE)).device
    await refused(services, officer.username, HERE, PAIR_FREE)
    with pytest.raises(TooMany):
        await sign_in(services, officer)
    await sign_in(services, officer, device=device)


async def test_the_cookie_of_a_device_counts_only_for_its_own_account_and_has_its_own_limit(
    services: Services, people: People, officer: Somebody
) -> None:
    other = await make(people)
    device = (await services.accounts.sign_in(other.username, PASSWORD, address=HERE)).device
    await refused(services, officer.username, HERE, PAIR_FREE, device=device)
    for cookie in (device, "x.y", ".", device.split(".")[0] + "."):
        with pytest.raises(TooMany):
            await sign_in(services, officer, device=cookie)
    await refused(services, other.username, HERE, PAIR_FREE, device=device)
    with pytest.raises(TooMany):
        await sign_in(services, other, device=device)


async def test_many_guesses_at_once_get_no_more_than_their_number(services: Services, officer: Somebody) -> None:
    async def guess() -> type[Exception]:
        try:
            await services.accounts.sign_in(officer.username, "salah-sekali-ini", address=HERE)
        except (Unauthenticated, TooMany) as error:
            return type(error)
        raise AssertionError("signed in with a wrong password")

    outcomes = await asyncio.gather(*(guess() for _ in range(20)))
    assert outcomes.count(Unauthenticated) == PAIR_FREE
    assert outcomes.count(TooMany) == 20 - PAIR_FREE


async def test_stuffing_from_many_addresses_raises_an_alarm_and_the_owner_still_signs_in(
    services: Services, officer: Somebody
) -> None:
    await refused(services, officer.username, HERE, 1)
    await execute(
        services,
        """INSERT INTO signin_failure (account_key, address_key)
           SELECT (SELECT account_key FROM signin_failure ORDER BY id DESC LIMIT 1), decode(md5(n::text), 'hex')
           FROM generate_series(1, $1) AS n""",
        ACCOUNT_ATTACK,
    )
    await sign_in(services, officer, address="198.51.100.9")
    async with services.database.connection() as connection:
        open_alarms = await connection.fetch(
            "SELECT key, details FROM alarm WHERE what = 'password_guessing' AND cleared_at IS NULL"
        )
    assert open_alarms
    assert all(officer.username not in str(tuple(row.values())) for row in open_alarms)


async def test_neither_usernames_nor_addresses_are_kept_with_the_failures(
    services: Services, officer: Somebody
) -> None:
    await refused(services, officer.username, "192.0.2.55", 1)
    async with services.database.connection() as connection:
        rows = await connection.fetch("SELECT account_key, address_key FROM signin_failure")
    kept = b"".join(row["account_key"] + row["address_key"] for row in rows)
    assert officer.username.encode() not in kept
    assert b"192.0.2.55" not in kept
    assert {len(row["address_key"]) for row in rows if row["account_key"] == rows[-1]["account_key"]} == {32}


async def test_an_api_token_opens_what_it_names_until_it_is_revoked(services: Services, officer: Somebody) -> None:
    owner = await viewer(services, await sign_in(services, officer))
    token, entry = await services.accounts.create_token(owner, " skrip malam ", ["reports", "tickets", "tickets"], None)
    assert (entry.name, entry.scopes, entry.expires_at) == ("skrip malam", ("reports", "tickets"), None)
    found = await services.accounts.viewer_of_api_token(token)
    assert found is not None
    assert found.scopes == {"reports", "tickets"}
    found.require_scope("tickets")
    with pytest.raises(Forbidden):
        found.require_scope("feedback")
    assert services.accounts.csrf_matches(found, None)
    assert token not in str(await services.accounts.tokens(owner))
    await services.accounts.revoke_token(owner, entry.id)
    await services.accounts.revoke_token(owner, entry.id)
    assert await services.accounts.viewer_of_api_token(token) is None
    assert [kept.revoked_at is not None for kept in await services.accounts.tokens(owner)] == [True]


async def test_nobody_revokes_the_token_of_somebody_else(services: Services, people: People, officer: Somebody) -> None:
    owner = await viewer(services, await sign_in(services, officer))
    other = await viewer(services, await sign_in(services, await make(people)))
    token, entry = await services.accounts.create_token(owner, "skrip", ["tickets"], None)
    for wrong in (entry.id, "0" * 16, "", "\x00", "%"):
        with pytest.raises(NotFound):
            await services.accounts.revoke_token(other, wrong)
    assert await services.accounts.viewer_of_api_token(token) is not None


async def test_a_token_works_through_its_last_day_and_no_longer(services: Services, officer: Somebody) -> None:
    owner = await viewer(services, await sign_in(services, officer))
    async with services.database.connection() as connection:
        today: date = await connection.fetchval("SELECT (clock_timestamp() AT TIME ZONE 'Asia/Jakarta')::date")
    token, entry = await services.accounts.create_token(owner, "skrip", ["tickets"], today)
    assert entry.expires_at is not None
    assert await services.accounts.viewer_of_api_token(token) is not None
    await execute(
        services, "UPDATE api_token SET expires_at = clock_timestamp() WHERE token_hash = $1", token_hash(token)
    )
    assert await services.accounts.viewer_of_api_token(token) is None


async def test_a_token_needs_a_name_known_scopes_and_a_day_to_come(services: Services, officer: Somebody) -> None:
    owner = await viewer(services, await sign_in(services, officer))
    with pytest.raises(Invalid) as caught:
        await services.accounts.create_token(owner, " ", ["everything"], date(2020, 1, 1))
    assert [problem.pointer for problem in caught.value.problems] == ["/name", "/scopes", "/expires_on"]


async def test_only_administrators_make_tokens_for_administration(
    services: Services, people: People, officer: Somebody
) -> None:
    owner = await viewer(services, await sign_in(services, officer))
    with pytest.raises(Invalid):
        await services.accounts.create_token(owner, "skrip", ["admin"], None)
    admin = await make(people, Role.ADMIN, "kantor")
    token, _ = await services.accounts.create_token(
        await viewer(services, await sign_in(services, admin)), "skrip", ["admin"], None
    )
    await execute(services, "UPDATE person SET role = 'officer' WHERE id = $1", admin.id)
    found = await services.accounts.viewer_of_api_token(token)
    assert found is not None
    assert found.scopes == set()


async def test_adding_a_person_names_everything_that_is_wrong(people: People, officer: Somebody) -> None:
    wrong = NewPerson(
        username="Budi Santoso",
        name=" ",
        role=Role.OFFICER,
        unit="tak-ada",
        password="pendek",
        email="Budi <evil@x>, Tejo",
        language="fr",
    )
    with pytest.raises(Invalid) as caught:
        await people.add(None, wrong)
    assert {problem.pointer for problem in caught.value.problems} == {
        "/username",
        "/name",
        "/email",
        "/language",
        "/password",
        "/unit",
    }
    with pytest.raises(Invalid) as caught:
        await people.add(
            None, NewPerson(username=officer.username, name="Lain", role=Role.OFFICER, unit="tikkim", password=PASSWORD)
        )
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [("/username", "taken")]


async def test_further_units_and_led_units_count_for_what_a_person_sees(services: Services, people: People) -> None:
    username = f"uji-{secrets.token_hex(5)}"
    new = NewPerson(
        username=username,
        name="Uji Coba",
        role=Role.SUPERVISOR,
        unit="tikkim",
        password=PASSWORD,
        works_in=("unit-pengaduan",),
        leads=("lantaskim", "tikkim"),
    )
    who = Somebody(await people.add(None, new), username)
    found = await viewer(services, await sign_in(services, who))
    assert {found.office.units[unit].slug for unit in found.unit_ids} == {"tikkim", "unit-pengaduan", "lantaskim"}
    assert {found.office.units[unit].slug for unit in found.person.leads} == {"lantaskim", "tikkim"}
