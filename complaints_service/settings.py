"""All settings of the service: one typed value, read once from COMPLAINTS_* variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from complaints_service import failpoints
from complaints_service.environment import PREFIX, Environment, LogLevel, SettingsError
from complaints_service.gateway_settings import CLOUD_API_URL, WhatsAppProvider, read_gateway
from complaints_service.kept_secrets import with_kept_secrets
from complaints_service.rate_settings import RateSettings, about, read_rates
from complaints_service.setting_values import (
    catcher_url,
    database_url_of,
    given_secret_key,
    listen_address,
    sender_address,
    statement_cache,
)


class Settings(RateSettings, frozen=True, kw_only=True):
    """One field per variable ``COMPLAINTS_<FIELD IN CAPITALS>``; seconds are machine seconds, instants UTC.

    ``docs/settings.md`` is made from the annotations by ``complaints settings --markdown``. Any variable
    may be given as ``<NAME>_FILE``, the path of a file that holds the value.
    """

    database_url: Annotated[
        str | None,
        about(
            "embedded PostgreSQL",
            "PostgreSQL 15 to 18, as the application's role (neither superuser nor BYPASSRLS), for example "
            "`postgresql://complaints_app:...@db/complaints`.",
        ),
    ] = None
    admin_database_url: Annotated[
        str | None,
        about(
            "the embedded superuser",
            "The same database as the role that owns the tables; used only by migrations, the first seed and "
            "`complaints db`.",
        ),
    ] = None
    redis_url: Annotated[
        str | None,
        about(
            "embedded Valkey",
            "Redis 7 or Valkey 8 and later: `redis://`, `rediss://` or `unix://`. It holds only wake-ups and "
            "counters and may be emptied at any time.",
        ),
    ] = None
    smtp_url: Annotated[
        str | None,
        about(
            "with DEV the built-in mail catcher, else required to serve",
            "Where mail goes: `smtp://user:password@host:587?starttls=1` or `smtps://user:password@host`.",
        ),
    ] = None
    mail_from: Annotated[str, about("`pengaduan@localhost`", "Sender address of every mail.")] = "pengaduan@localhost"
    base_url: Annotated[
        str,
        about(
            "`http://` and LISTEN",
            "Address of the site as citizens see it; links in messages start with it. Cookies are `Secure` "
            "only when it is https.",
        ),
    ] = "http://127.0.0.1:8000"
    secret_key: Annotated[
        bytes,
        about(
            "embedded: made once in DATA_DIR/secret.key; else required",
            "At least 32 bytes that nobody can guess. Tracking codes and blind indexes are derived from it: "
            "keep it in the backup, apart from the database. `hex:` and the digits of a secret.key file give that key.",
        ),
    ]
    data_dir: Annotated[
        Path,
        about(
            "`./var`",
            "Attachments, and with the embedded servers their data, logs and sockets. The private folder of "
            "one installation.",
        ),
    ]
    wal_archive: Annotated[
        Path | None,
        about(
            "no archive",
            "A folder on another disk, into which the embedded PostgreSQL copies its write-ahead log: with a base backup "
            "(`complaints base-backup`) it allows `complaints recover` to any moment since.",
        ),
    ] = None
    listen_host: Annotated[
        str,
        about("`127.0.0.1:8000`", "Set as `COMPLAINTS_LISTEN=host:port`: where the web process listens."),
    ] = "127.0.0.1"
    listen_port: Annotated[int, about("", "The port of `COMPLAINTS_LISTEN`.")] = 8000
    dev: Annotated[
        bool,
        about(
            "`0` (`make run`: `1`)",
            "Development: demo office and people, mail catcher, `/dev` pages, movable office time. Refused "
            "on any address but loopback.",
        ),
    ] = False
    whatsapp_provider: Annotated[
        WhatsAppProvider,
        about("`none`, with DEV `cloud` against our own `/dev/whatsapp`", "`cloud`, `gowa` or `none`."),
    ] = WhatsAppProvider.NONE
    whatsapp_app_secret: Annotated[
        str | None,
        about(
            "required by a provider",
            "Key of the webhook signature. There is no start without it: unsigned webhooks can be forged "
            "(CVE-2024-45607).",
        ),
    ] = None
    whatsapp_verify_token: Annotated[
        str | None,
        about("required by `cloud`", "Answer to the Cloud API's subscription handshake."),
    ] = None
    whatsapp_access_token: Annotated[
        str | None,
        about("required by a provider", "Bearer token (`cloud`) or `user:password` (`gowa`) for sending."),
    ] = None
    whatsapp_phone_number_id: Annotated[
        str | None,
        about("required by `cloud`", "Id of the office's number (`gowa`: id of the device, if there are many)."),
    ] = None
    whatsapp_api_url: Annotated[
        str | None,
        about(f"`cloud`: `{CLOUD_API_URL}`; required by `gowa`", "Where messages are sent."),
    ] = None
    log_level: Annotated[LogLevel, about("`info`", "`debug`, `info`, `warning` or `error`.")] = LogLevel.INFO
    dev_now: Annotated[
        datetime | None,
        about(
            "now",
            "Only with DEV and only at the very first start on a DATA_DIR: where office time begins.",
        ),
    ] = None
    failpoints: Annotated[
        str | None,
        about("none", "Only with DEV: `name:kill`, `name:raise` or `name:sleep:n`, separated by commas."),
    ] = None
    sweep_seconds: Annotated[
        float, about("`10`", "How often a worker looks for due timers and messages without being woken.")
    ] = 10.0
    lease_seconds: Annotated[
        float, about("`60`", "How long a claimed message belongs to one worker before another may try.")
    ] = 60.0
    probe_seconds: Annotated[
        float, about("`5`", "How often web and workers must seem alive; 3 misses: web starts anew, 4: an alarm.")
    ] = 5.0
    outbox_retry_min_seconds: Annotated[float, about("`10`", "First pause before a message is tried again.")] = 10.0
    outbox_retry_max_seconds: Annotated[float, about("`1800`", "Longest pause between two tries.")] = 1800.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        about(
            "none",
            "Addresses or networks, separated by commas, whose `X-Forwarded-For` is believed when limits ask who sends: "
            "the TLS proxy in front. Without it all citizens behind a proxy share one limit.",
        ),
    ] = ()
    pool_size: Annotated[int, about("`8`", "Database connections of each process.")] = 8
    statement_cache: Annotated[
        int,
        about(
            "`1024`",
            "Prepared statements kept per connection. Set `COMPLAINTS_PGBOUNCER=1` behind PgBouncer in "
            "transaction mode: it becomes 0.",
        ),
    ] = 1024

    @property
    def embedded_database(self) -> bool:
        """True when PostgreSQL is ours to start."""
        return self.database_url is None

    @property
    def embedded_redis(self) -> bool:
        """True when Valkey is ours to start."""
        return self.redis_url is None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Settings out of the variables; makes DATA_DIR/secret.key on the first embedded start.

        Raises SettingsError that names every bad variable at once.
        """
        read = Environment(env)
        dev = read.flag("DEV", False)
        host, port = listen_address(read, dev)
        own_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        data_dir = Path(read.text("DATA_DIR") or "var").expanduser().absolute()
        database_url = database_url_of(read, "DATABASE")
        secret_key = given_secret_key(read, required=database_url is not None)
        whatsapp = read_gateway(read, dev, own_url)
        retry_min = read.seconds("OUTBOX_RETRY_MIN_SECONDS", 10, 0.01, 3600)
        retry_max = read.seconds("OUTBOX_RETRY_MAX_SECONDS", 1800, 0.01, 86400)
        if retry_max < retry_min:
            read.refuse("OUTBOX_RETRY_MAX_SECONDS", f"must not be less than {PREFIX}OUTBOX_RETRY_MIN_SECONDS")
        settings = cls(
            database_url=database_url,
            admin_database_url=database_url_of(read, "ADMIN_DATABASE") or database_url,
            redis_url=read.url("REDIS_URL", ("redis", "rediss", "unix")),
            smtp_url=read.url("SMTP_URL", ("smtp", "smtps")) or (catcher_url(data_dir) if dev else None),
            mail_from=sender_address(read),
            base_url=(read.url("BASE_URL", ("http", "https")) or own_url).rstrip("/"),
            secret_key=secret_key,
            data_dir=data_dir,
            wal_archive=read.folder("WAL_ARCHIVE"),
            listen_host=host,
            listen_port=port,
            dev=dev,
            whatsapp_provider=whatsapp.provider,
            whatsapp_app_secret=whatsapp.app_secret,
            whatsapp_verify_token=whatsapp.verify_token,
            whatsapp_access_token=whatsapp.access_token,
            whatsapp_phone_number_id=whatsapp.phone_number_id,
            whatsapp_api_url=whatsapp.api_url,
            log_level=read.choice("LOG_LEVEL", LogLevel, LogLevel.INFO),
            dev_now=read.instant("DEV_NOW"),
            failpoints=read.text("FAILPOINTS"),
            sweep_seconds=read.seconds("SWEEP_SECONDS", 10, 0.05, 60),
            lease_seconds=read.seconds("LEASE_SECONDS", 60, 0.5, 3600),
            probe_seconds=read.seconds("PROBE_SECONDS", 5, 0.1, 60),
            outbox_retry_min_seconds=retry_min,
            outbox_retry_max_seconds=retry_max,
            **msgspec.structs.asdict(read_rates(read, dev)),
            trusted_proxies=read.networks("TRUSTED_PROXIES"),
            pool_size=read.whole("POOL_SIZE", 8, 2, 200),
            statement_cache=statement_cache(read),
        )
        if not failpoints.readable(settings.failpoints):
            read.refuse("FAILPOINTS", "is name:kill, name:raise or name:sleep:seconds, separated by commas")
        for name, value in (("DEV_NOW", settings.dev_now), ("FAILPOINTS", settings.failpoints)):
            if value is not None and not dev:
                read.refuse(name, f"is only for development ({PREFIX}DEV=1)")
        if read.problems:
            raise SettingsError(read.problems)
        return settings if secret_key and not whatsapp.made_for_dev else with_kept_secrets(settings)

    def missing_to_serve(self, *, alone: bool = True) -> list[str]:
        """What serving needs beyond what a single command needs; empty when nothing.

        ``alone``: one web or worker process, without `complaints up` that would start Valkey.
        """
        problems: list[str] = []
        if self.smtp_url is None and not self.dev:
            problems.append(f"{PREFIX}SMTP_URL: is required, mail would go nowhere")
        if alone and self.redis_url is None:
            problems.append(f"{PREFIX}REDIS_URL: is required without a service on the same DATA_DIR")
        return problems
