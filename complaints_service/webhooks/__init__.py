"""Machines that are told what happens: endpoints, signed messages by Standard Webhooks, and the way out to them."""
