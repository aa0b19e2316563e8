"""Guessing of passwords, slowed where it comes from and never for a colleague's own browser.

Failures are counted by the login that was tried, whether there is one or not, and by the address that they came from. A browser in which
somebody has logged in keeps a secret that says so: its own failures are counted apart, so that whoever guesses elsewhere locks its owner
out of nothing ("device cookies", OWASP, Slow Down Online Guessing Attacks).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from corrections.errors import TooMany
from corrections.records.audit import record
from corrections.settings import Settings
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.tables import KnownBrowser, LoginFailure, Officer

LONGEST_LOGIN = 64


def check(session: Session, login: str, origin: str, browser: str, settings: Settings, now: datetime) -> str:
    """Whether a password may be tried: the browser's hash where it is known to belong to whoever has the login, and has not failed too
    often; else empty. Raises TooMany."""
    service, since = settings.service, now - timedelta(minutes=settings.service.login_minutes)
    known = _known(session, login, browser, now)
    if known and _count(session, since, login=login[:LONGEST_LOGIN], browser=known) < service.login_tries:
        return known
    if _count(session, since, login=login[:LONGEST_LOGIN], browser="") >= service.login_tries or (
        origin and _count(session, since, origin=origin, browser="") >= service.origin_tries
    ):
        minutes = f"{service.login_minutes:g}"
        raise TooMany(
            f"Too many wrong passwords. Wait {minutes} minutes, or use the browser in which you have logged in before.",
            f"密码错误次数过多，请过 {minutes} 分钟再试，或使用以前登录过的浏览器。",
        )
    return ""


def note_failure(session: Session, login: str, origin: str, browser: str, settings: Settings, now: datetime) -> None:
    """Count a wrong password; the one that makes a login or an address wait is on record. ``browser`` as ``check`` said."""
    service, since = settings.service, now - timedelta(minutes=settings.service.login_minutes)
    session.execute(delete(LoginFailure).where(col(LoginFailure.at) <= since))
    session.add(LoginFailure(login=login[:LONGEST_LOGIN], origin=origin, browser=browser, at=now))
    session.flush()
    by_login = _count(session, since, login=login[:LONGEST_LOGIN], browser=browser)
    if by_login == service.login_tries or (not browser and _count(session, since, origin=origin, browser="") == service.origin_tries):
        record(session, login[:LONGEST_LOGIN], "login.waits", origin=origin, detail={"failures": by_login}, now=now)


def forget_failures(session: Session, login: str, origin: str, browser: str) -> None:
    """A password was right: what the same person mistyped before, here, counts no more."""
    f = LoginFailure
    session.execute(delete(f).where(col(f.login) == login[:LONGEST_LOGIN], col(f.browser) == browser, col(f.origin) == origin))


def remember(session: Session, officer_id: int, browser: str, settings: Settings, now: datetime) -> str:
    """The secret that a browser keeps from a log-in on, to be told apart from those of strangers: the one that it has, kept for longer, or
    a new one."""
    ends = now + timedelta(days=settings.service.browser_days)
    row = session.get(KnownBrowser, hash_credential(browser)) if browser else None
    if row is not None and row.officer_id == officer_id and row.expires_at > now:
        row.expires_at = ends
        return browser
    session.execute(delete(KnownBrowser).where(col(KnownBrowser.expires_at) <= now))
    made = new_credential()
    session.add(KnownBrowser(token_hash=hash_credential(made), officer_id=officer_id, created_at=now, expires_at=ends))
    return made


def _known(session: Session, login: str, browser: str, now: datetime) -> str:
    row = session.get(KnownBrowser, hash_credential(browser)) if browser else None
    if row is None or row.expires_at <= now:
        return ""
    return row.token_hash if session.get_one(Officer, row.officer_id).login == login else ""


def _count(session: Session, since: datetime, **which: str) -> int:
    counted = select(func.count()).select_from(LoginFailure).filter_by(**which).where(col(LoginFailure.at) > since)
    return session.exec(counted).one()
