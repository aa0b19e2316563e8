"""What the pages and the API share of who asks, and what all pages share: what surrounds them, forms, errors."""

from corrections.web.cookies import (
    BROWSER_COOKIE,
    SAFE,
    SESSION_COOKIE,
    clear_cookie,
    origin_of,
    require_same_origin,
    set_browser,
    set_cookie,
)
from corrections.web.own_door import OwnDoor
from corrections.web.pages import POLICY, Failures, Shell, Upload, answer_errors, put_before, read_form, read_upload

__all__ = [
    "BROWSER_COOKIE",
    "POLICY",
    "SAFE",
    "SESSION_COOKIE",
    "Failures",
    "OwnDoor",
    "Shell",
    "Upload",
    "answer_errors",
    "clear_cookie",
    "origin_of",
    "put_before",
    "read_form",
    "read_upload",
    "require_same_origin",
    "set_browser",
    "set_cookie",
]
