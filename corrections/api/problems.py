"""Errors as RFC 9457 problem details, in the reader's language and in both."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.requests import Request

from corrections.api.language import Language, language_of
from corrections.api.validation import InputFault, faults_of
from corrections.errors import Conflict, CorrectionsError, ImportRejected, Unavailable

MEDIA_TYPE = "application/problem+json"

TITLES: dict[str, tuple[str, str]] = {
    "error": ("The request cannot be served", "请求无法处理"),
    "invalid": ("The input is not valid", "输入有误"),
    "invalid-geometry": ("The outline is not valid", "围栏区域无效"),
    "import-rejected": ("The file was not imported", "文件未导入"),
    "not-found": ("Not found", "未找到"),
    "unauthenticated": ("Not logged in", "未登录"),
    "link-ended": ("The link has ended", "链接已失效"),
    "too-many": ("Too often", "操作过于频繁"),
    "forbidden": ("Not allowed", "无权操作"),
    "conflict": ("Somebody was first, or the state does not allow it", "状态冲突"),
    "unavailable": ("The service cannot do this at present", "服务暂不可用"),
    "internal": ("The service failed", "服务内部错误"),
    "method-not-allowed": ("The address does not know this method", "不支持的请求方法"),
    "content-too-large": ("The request is too large", "请求内容过大"),
}
HTTP_FAULTS: dict[int, tuple[str, str, str]] = {
    404: ("not-found", "There is nothing at this address.", "该地址不存在。"),
    405: ("method-not-allowed", "Use a method that the answer's Allow header names.", "请使用响应头 Allow 所列的请求方法。"),
    413: ("content-too-large", "Send a smaller request.", "请减小请求内容后重试。"),
}
# What says that the database is away, full, locked or read-only, rather than that the request is at fault.
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)


class Problem(BaseModel):
    """What went wrong, where, and what to do (RFC 9457)."""

    type: str = Field(description="urn:corrections:problem: followed by the code.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, in the language of Accept-Language.")
    detail_zh: str
    detail_en: str
    code: str
    field: str | None = Field(None, description="The input at fault, where there is one.")
    errors: list[InputFault] | None = Field(None, description="Each fault of the input, where there may be several.")
    rows: list[dict[str, Any]] | None = Field(None, description="Each fault of an imported file: row, field, en, zh.")
    instance: str | None = Field(None, description="Of an internal error: what the service's log calls it.")


def install(app: FastAPI, default: Language) -> None:
    """Let every error of this app be answered as a problem."""

    def corrections_error(request: Request, error: Any) -> JSONResponse:
        assert isinstance(error, CorrectionsError)
        return problem(error, language_of(request, default))

    def validation_error(request: Request, error: Any) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return invalid(faults_of(error), language_of(request, default))

    def http_error(request: Request, error: Any) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        code, en, zh = HTTP_FAULTS.get(error.status_code, ("error", f"{phrase}.", f"请求无法处理（{phrase}）。"))
        return response(error.status_code, code, en, zh, language_of(request, default), headers=error.headers)

    def database_error(request: Request, error: Any) -> JSONResponse:
        return problem(of_database(error), language_of(request, default))

    app.add_exception_handler(CorrectionsError, corrections_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
    for kind in (*AWAY, exc.IntegrityError):
        app.add_exception_handler(kind, database_error)


def of_database(error: Exception) -> CorrectionsError:
    """What an error of the database means to a caller."""
    if isinstance(error, exc.IntegrityError):
        return Conflict(
            "Somebody stored something that excludes this at the same moment. Look again.", "他人同时保存了相冲突的数据，请刷新后重试。"
        )
    return Unavailable("The database cannot be used at present. Try again soon.", "数据库暂时无法使用，请稍后重试。")


def problem(error: CorrectionsError, language: Language) -> JSONResponse:
    """An error that a caller can mend."""
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    rows = error.rows if isinstance(error, ImportRejected) else None
    return response(error.status, error.code, error.en, error.zh, language, headers=headers, field=error.field, rows=rows)


def invalid(faults: list[InputFault], language: Language) -> JSONResponse:
    """Input that does not have the form it must have; the first fault is told in ``detail``."""
    first = faults[0]
    errors = [fault.model_dump() for fault in faults]
    return response(422, "invalid", first.en, first.zh, language, field=first.field, errors=errors)


def internal(instance: str, language: Language) -> JSONResponse:
    """An error nobody foresaw, known by ``instance`` in the log, without its inner workings."""
    en = "The service failed to do this. It is on record; tell the administrator the number in instance."
    zh = "服务处理失败，已记入日志。请将 instance 编号告知管理员。"
    return response(500, "internal", en, zh, language, instance=instance)


def response(status: int, code: str, en: str, zh: str, language: Language, *, headers: Any = None, **more: Any) -> JSONResponse:
    """A problem as it is sent."""
    detail, title = (zh, TITLES[code][1]) if language == "zh" else (en, TITLES[code][0])
    body = {
        "type": f"urn:corrections:problem:{code}", "title": title, "status": status, "detail": detail,
        "detail_zh": zh, "detail_en": en, "code": code,
    } | {name: value for name, value in more.items() if value is not None}  # fmt: skip
    sent = {**(headers or {}), "Content-Language": "zh-CN" if language == "zh" else "en", "Vary": "Accept-Language"}
    return JSONResponse(body, status_code=status, headers=sent, media_type=MEDIA_TYPE)
