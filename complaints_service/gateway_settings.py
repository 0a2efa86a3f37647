"""The WhatsApp gateway's part of the settings."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from complaints_service.environment import Environment

CLOUD_API_URL = "https://graph.facebook.com/v23.0"


class WhatsAppProvider(StrEnum):
    """The gateway that carries WhatsApp: Meta's Cloud API, a self-hosted GoWA, or none."""

    CLOUD = "cloud"
    GOWA = "gowa"
    NONE = "none"


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's part of the settings; ``made_for_dev`` asks for secrets of our own making."""

    provider: WhatsAppProvider
    app_secret: str | None
    verify_token: str | None
    access_token: str | None
    phone_number_id: str | None
    api_url: str | None
    made_for_dev: bool = False


def read_gateway(read: Environment, dev: bool, own_url: str) -> Gateway:
    """The gateway's variables; a provider without what it needs is refused by name.

    In development without a provider: the Cloud API's wire format against our own ``/dev/whatsapp``.
    """
    made_for_dev = dev and read.text("WHATSAPP_PROVIDER") is None
    default = WhatsAppProvider.CLOUD if made_for_dev else WhatsAppProvider.NONE
    provider = read.choice("WHATSAPP_PROVIDER", WhatsAppProvider, default)
    given = Gateway(
        provider=provider,
        app_secret=read.text("WHATSAPP_APP_SECRET"),
        verify_token=read.text("WHATSAPP_VERIFY_TOKEN"),
        access_token=read.text("WHATSAPP_ACCESS_TOKEN"),
        phone_number_id=read.text("WHATSAPP_PHONE_NUMBER_ID"),
        api_url=read.url("WHATSAPP_API_URL", ("http", "https")),
        made_for_dev=made_for_dev,
    )
    if made_for_dev:
        return msgspec.structs.replace(given, api_url=given.api_url or f"{own_url}/dev/whatsapp/cloud")
    required = {
        WhatsAppProvider.NONE: (),
        WhatsAppProvider.GOWA: ("app_secret", "access_token", "api_url"),
        WhatsAppProvider.CLOUD: ("app_secret", "verify_token", "access_token", "phone_number_id"),
    }[provider]
    for field in required:
        if getattr(given, field) is None:
            read.refuse(f"WHATSAPP_{field.upper()}", f"is required by WHATSAPP_PROVIDER={provider}")
    if provider is WhatsAppProvider.CLOUD:
        return msgspec.structs.replace(given, api_url=given.api_url or CLOUD_API_URL)
    return given
