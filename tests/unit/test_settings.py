"""Settings: every bad value is told at once, by name; secrets are made once and kept private."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from complaints_service import settings_page
from complaints_service.gateway_settings import WhatsAppProvider
from complaints_service.settings import Settings, SettingsError

BAD_VALUES = {
    "DATABASE_URL": "mysql://db/x",
    "ADMIN_DATABASE_URL": "db.example",
    "REDIS_URL": "http://cache",
    "SMTP_URL": "mail.example:25",
    "MAIL_FROM": "Budi <budi@example.go.id>",
    "BASE_URL": "pengaduan.example.go.id",
    "SECRET_KEY": "too short",
    "LISTEN": "8000",
    "DEV": "maybe",
    "WHATSAPP_PROVIDER": "telegram",
    "WHATSAPP_API_URL": "graph",
    "LOG_LEVEL": "loud",
    "DEV_NOW": "2026-11-25T03:00",
    "FAILPOINTS": "commit:kill",
    "SWEEP_SECONDS": "0",
    "LEASE_SECONDS": "nan",
    "PROBE_SECONDS": "1h",
    "OUTBOX_RETRY_MIN_SECONDS": "-1",
    "OUTBOX_RETRY_MAX_SECONDS": "soon",
    "RATE_FILING_PER_MINUTE": "1.5",
    "RATE_SIGNIN_PER_MINUTE": "-3",
    "RATE_LOOKUP_PER_MINUTE": "many",
    "POOL_SIZE": "1",
    "STATEMENT_CACHE": "x",
    "PGBOUNCER": "maybe",
}


def environment(folder: Path, **variables: str) -> dict[str, str]:
    return {"COMPLAINTS_DATA_DIR": str(folder), **{f"COMPLAINTS_{k}": v for k, v in variables.items()}}


def problems(folder: Path, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environment(folder, **variables))
    return caught.value.problems


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_value_is_refused_by_name_and_not_repeated(tmp_path: Path, name: str) -> None:
    told = problems(tmp_path, **{name: BAD_VALUES[name]})
    assert any(problem.startswith(f"COMPLAINTS_{name}:") for problem in told)
    if len(BAD_VALUES[name]) > 5:
        assert BAD_VALUES[name] not in "\n".join(told)


def test_all_bad_values_are_told_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, **BAD_VALUES)
    named = {problem.partition(":")[0].removeprefix("COMPLAINTS_") for problem in told}
    assert set(BAD_VALUES) <= named


def test_refused_settings_leave_nothing_on_disk(tmp_path: Path) -> None:
    problems(tmp_path / "var", POOL_SIZE="0")
    assert not (tmp_path / "var").exists()


def test_the_embedded_service_makes_its_key_once_and_keeps_it_private(tmp_path: Path) -> None:
    first = Settings.from_env(environment(tmp_path))
    again = Settings.from_env(environment(tmp_path))
    assert len(first.secret_key) == 32
    assert first.secret_key == again.secret_key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_an_external_database_needs_a_given_key(tmp_path: Path) -> None:
    told = problems(tmp_path, DATABASE_URL="postgresql://app@db/complaints")
    assert told == ["COMPLAINTS_SECRET_KEY: is required with COMPLAINTS_DATABASE_URL"]


def test_development_is_refused_where_others_can_reach_it(tmp_path: Path) -> None:
    told = problems(tmp_path, DEV="1", LISTEN="0.0.0.0:8000")
    assert told == ["COMPLAINTS_DEV: is refused unless COMPLAINTS_LISTEN is a loopback address"]


@pytest.mark.parametrize("address", ["127.0.0.1:8123", "127.9.9.9:8123", "localhost:8123", "[::1]:8123"])
def test_development_listens_on_any_loopback_address(tmp_path: Path, address: str) -> None:
    settings = Settings.from_env(environment(tmp_path, DEV="1", LISTEN=address))
    assert settings.base_url == f"http://{address}"
    assert settings.listen_port == 8123


def test_a_gateway_without_its_secret_is_refused(tmp_path: Path) -> None:
    told = problems(tmp_path, WHATSAPP_PROVIDER="gowa", DEV="1")
    assert [problem.partition(":")[0] for problem in told] == [
        "COMPLAINTS_WHATSAPP_APP_SECRET",
        "COMPLAINTS_WHATSAPP_ACCESS_TOKEN",
        "COMPLAINTS_WHATSAPP_API_URL",
    ]


def test_development_without_a_gateway_speaks_with_its_own(tmp_path: Path) -> None:
    settings = Settings.from_env(environment(tmp_path, DEV="1", LISTEN="127.0.0.1:8123"))
    again = Settings.from_env(environment(tmp_path, DEV="1"))
    assert settings.whatsapp_provider is WhatsAppProvider.CLOUD
    assert settings.whatsapp_api_url == "http://127.0.0.1:8123/dev/whatsapp/cloud"
    assert settings.whatsapp_app_secret == again.whatsapp_app_secret
    secrets = {settings.whatsapp_app_secret, settings.whatsapp_verify_token, settings.whatsapp_access_token}
    assert len(secrets) == 3 and None not in secrets


def test_outside_development_there_is_no_gateway_and_mail_must_be_named(tmp_path: Path) -> None:
    settings = Settings.from_env(environment(tmp_path))
    assert settings.whatsapp_provider is WhatsAppProvider.NONE
    assert settings.missing_to_serve(alone=False) == ["COMPLAINTS_SMTP_URL: is required, mail would go nowhere"]


def test_development_mail_goes_to_the_catcher_that_is_running(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "port").write_text("40025")
    assert Settings.from_env(environment(tmp_path, DEV="1")).smtp_url == "smtp://127.0.0.1:40025"
    named = Settings.from_env(environment(tmp_path, DEV="1", SMTP_URL="smtp://mail.example"))
    assert named.smtp_url == "smtp://mail.example"


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")
    settings = Settings.from_env(environment(tmp_path, SECRET_KEY_FILE=str(file)))
    assert settings.secret_key == b"k" * 40


def test_a_secret_given_twice_or_missing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40)
    assert "keep one of them" in problems(tmp_path, SECRET_KEY="s" * 40, SECRET_KEY_FILE=str(file))[0]
    assert problems(tmp_path, SECRET_KEY_FILE=str(tmp_path / "none")) == [
        "COMPLAINTS_SECRET_KEY_FILE: cannot be read (No such file or directory)"
    ]


def test_filing_is_limited_except_in_development(tmp_path: Path) -> None:
    assert Settings.from_env(environment(tmp_path)).rate_filing_per_minute == 30
    assert Settings.from_env(environment(tmp_path, DEV="1")).rate_filing_per_minute is None
    limited = Settings.from_env(environment(tmp_path, DEV="1", RATE_FILING_PER_MINUTE="5"))
    assert limited.rate_filing_per_minute == 5


def test_behind_pgbouncer_no_statement_is_kept(tmp_path: Path) -> None:
    assert Settings.from_env(environment(tmp_path, PGBOUNCER="1", STATEMENT_CACHE="50")).statement_cache == 0


def test_office_time_may_begin_elsewhere_in_development(tmp_path: Path) -> None:
    settings = Settings.from_env(environment(tmp_path, DEV="1", DEV_NOW="2026-11-24T09:00:00+07:00"))
    assert settings.dev_now == datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_the_database_password_may_be_kept_apart(tmp_path: Path) -> None:
    variables = {"SECRET_KEY": "k" * 32, "DATABASE_PASSWORD": "p@ss/word"}
    settings = Settings.from_env(environment(tmp_path, DATABASE_URL="postgresql://app@db:5432/x", **variables))
    assert settings.database_url == "postgresql://app:p%40ss%2Fword@db:5432/x"
    assert settings.admin_database_url == settings.database_url
    assert problems(tmp_path, DATABASE_URL="postgresql://db/x", **variables)
    assert problems(tmp_path, DATABASE_PASSWORD="secret") == [
        "COMPLAINTS_DATABASE_PASSWORD: needs COMPLAINTS_DATABASE_URL"
    ]


def test_the_reference_page_is_the_one_in_the_docs() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page.reference(), (
        "make it with `complaints settings --markdown`"
    )


def test_what_is_in_force_is_shown_without_secrets(tmp_path: Path) -> None:
    secrets = {"SECRET_KEY": "k" * 32, "SMTP_URL": "smtp://user:mailpassword@mail.example"}
    shown = settings_page.in_force(Settings.from_env(environment(tmp_path, DEV="1", **secrets)))
    assert "COMPLAINTS_LISTEN=127.0.0.1:8000\n" in shown
    assert "COMPLAINTS_SMTP_URL=(set)\n" in shown
    for secret in ("k" * 32, "mailpassword", (tmp_path / "dev" / "whatsapp-app").read_text().strip()):
        assert secret not in shown
