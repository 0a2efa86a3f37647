"""The routes of citizens: file, track, act on a case, kiosk, language and colours."""

from __future__ import annotations

from litestar import Router

from complaints_service.public import (
    components_page,
    filing_pages,
    kiosk_device,
    kiosk_pages,
    kiosk_queue,
    recover_pages,
    settings_pages,
    start_pages,
    stream,
    survey_pages,
    ticket_pages,
    tracking_pages,
    transparency_pages,
)
from complaints_service.public.dependencies import DEPENDENCIES

_HANDLERS = [
    filing_pages.filing_page,
    filing_pages.filing_submit,
    filing_pages.receipt_page,
    start_pages.helped_submit,
    start_pages.helped_page,
    tracking_pages.track_page,
    tracking_pages.track_submit,
    recover_pages.lost_code_page,
    recover_pages.lost_code_submit,
    tracking_pages.link_page,
    tracking_pages.link_submit,
    tracking_pages.forget_submit,
    stream.case_stream,
    ticket_pages.ticket_page,
    ticket_pages.file_download,
    ticket_pages.reply_submit,
    ticket_pages.rating_submit,
    ticket_pages.withdraw_page,
    ticket_pages.withdraw_submit,
    kiosk_pages.kiosk_home,
    kiosk_device.register_page,
    kiosk_device.register_submit,
    kiosk_device.size_page,
    kiosk_device.size_submit,
    kiosk_device.size_style,
    kiosk_device.kiosk_language,
    kiosk_device.switch_submit,
    kiosk_device.help_page,
    kiosk_device.help_submit,
    kiosk_queue.queue_submit,
    kiosk_queue.offline_page,
    kiosk_queue.kiosk_worker,
    kiosk_pages.kiosk_filing_page,
    kiosk_pages.kiosk_filing_submit,
    kiosk_pages.kiosk_receipt_page,
    kiosk_pages.kiosk_track_page,
    kiosk_pages.kiosk_track_submit,
    kiosk_device.phone_page,
    kiosk_device.finish_submit,
    survey_pages.survey_page,
    survey_pages.survey_submit,
    transparency_pages.figures_page,
    transparency_pages.open_json,
    transparency_pages.open_csv,
    transparency_pages.open_schema,
    settings_pages.language_submit,
    settings_pages.theme_submit,
]

ROUTES = [Router(path="/", route_handlers=_HANDLERS, dependencies=DEPENDENCIES)]
DEV_ROUTES = [components_page.components]
