"""WhatsApp as a door: webhooks of both gateways (DOMAIN.md "WhatsApp") -> a draft in the chat -> the same ``file_complaint``."""
