"""Accounts of the staff: passwords, log-in, and the actor behind a token.

A token is opaque and stored as a hash; it ends after a fixed time, or sooner when it is not used.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete
from sqlmodel import Session, col, select

from corrections import clock
from corrections.domain.model import Role
from corrections.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from corrections.records import guessing
from corrections.records.audit import record, record_by
from corrections.records.register import office_for
from corrections.records.roster import check_deputy
from corrections.review.reassigning import reassign_due
from corrections.review.roster import duty_offices
from corrections.settings import Settings
from corrections.store.access import Action, Actor
from corrections.store.credentials import hash_credential
from corrections.store.tables import LoginSession, Office, Officer

LEAST_PASSWORD = 12
MOST_PASSWORD = 1024  # a longer one only makes the hash work
LONGEST_PURPOSE = 500
TOUCH_AFTER = timedelta(minutes=1)
_UNSET: Any = object()

# OWASP's least for argon2id (19 MiB, two passes), so that logging in does not double the service's memory.
_passwords = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))


# ---- log-in


def log_in(
    session: Session, login: str, password: str, now: datetime, settings: Settings, origin: str = "", browser: str = ""
) -> tuple[str, Officer]:
    """The token of a new session, and whose it is. Audited either way. ``browser`` is the secret of one that is known, if it has one.

    Raises Unauthenticated, without telling an unknown login from a wrong password; TooMany. This commits, which hardly any other service
    function does: the failure stays on record although the caller's unit of work ends with the error.
    """
    typed = login.replace("\x00", "")  # which no database holds as text
    known = guessing.check(session, typed, origin, browser, settings, now)
    # PostgreSQL holds no NUL, so such a login is nobody's.
    officer = None if "\x00" in login else session.exec(select(Officer).where(Officer.login == login)).first()
    stored = officer.password_hash if officer and officer.active else ""
    # An unknown login costs the same work as a known one, so that logins cannot be told by the clock.
    fits, renewed = _verify(password, stored or _nobody())
    if officer is None or not stored or not fits:
        record(session, login[:64], "login.refused", origin=origin, now=now)
        guessing.note_failure(session, typed, origin, known, settings, now)
        session.commit()
        raise Unauthenticated("The login or the password is wrong.", "账号或密码错误。")
    if renewed:
        officer.password_hash = renewed
    guessing.forget_failures(session, typed, origin, known)
    token = secrets.token_urlsafe(32)
    ends = now + timedelta(hours=settings.service.session_hours)
    session.add(LoginSession(token_hash=hash_credential(token), officer_id=_id(officer), created_at=now, last_used_at=now, expires_at=ends))
    record(session, officer.name, "login", origin=origin, detail={"officer_id": officer.id}, now=now)
    return token, officer


def actor_for(session: Session, token: str, now: datetime, settings: Settings, origin: str = "") -> Actor:
    """Who stands behind a token. Reads only: a caller that serves a person calls ``touch``, too, so that use keeps it alive.

    Raises Unauthenticated for an unknown, ended or idle session and for an officer who is no longer active.
    """
    row = session.get(LoginSession, hash_credential(token))
    idle = timedelta(minutes=settings.service.session_idle_minutes)
    if row is None or row.expires_at <= now or row.last_used_at + idle <= now:
        raise Unauthenticated("Log in again: the session has ended.", "登录已失效，请重新登录。")
    officer = session.get_one(Officer, row.officer_id)
    if not officer.active:
        raise Unauthenticated("The account is no longer active.", "账号已停用。")
    return actor_of(session, officer, origin, now)


def needs_touch(session: Session, token: str, now: datetime) -> bool:
    """Whether ``touch`` would write: at most once a minute, so that looking at pages hardly ever does."""
    row = session.get(LoginSession, hash_credential(token))
    return row is not None and row.last_used_at + TOUCH_AFTER <= now


def touch(session: Session, token: str, now: datetime) -> None:
    """Note that a session is in use. In a writing session."""
    row = session.get(LoginSession, hash_credential(token))
    if row is not None and row.last_used_at < now:
        row.last_used_at = now


def purpose_of(session: Session, token: str) -> str:
    """Why she who is logged in looks at locations, as she said; empty while she has not."""
    row = session.get(LoginSession, hash_credential(token))
    return "" if row is None else row.purpose


def set_purpose(session: Session, token: str, purpose: str) -> None:
    """Keep why she looks at locations from now on, until she says otherwise or the log-in ends; empty: she looks at none. A new purpose
    makes the next look at the map a new one. Raises Invalid (field ``purpose``)."""
    said = " ".join(purpose.replace("\x00", "").split())
    if len(said) > LONGEST_PURPOSE:
        raise Invalid(f"A purpose has at most {LONGEST_PURPOSE} characters.", f"目的不超过 {LONGEST_PURPOSE} 个字符。", field="purpose")
    row = session.get_one(LoginSession, hash_credential(token))
    row.purpose, row.map_read_at = said, None


def log_out(session: Session, token: str, now: datetime, origin: str = "") -> None:
    """End a session; one that has ended already is no error."""
    row = session.get(LoginSession, hash_credential(token))
    if row is None:
        return
    officer = session.get_one(Officer, row.officer_id)
    session.delete(row)
    record(session, officer.name, "logout", origin=origin, detail={"officer_id": officer.id}, now=now)


def actor_of(session: Session, officer: Officer, origin: str, now: datetime) -> Actor:
    """An officer as the one who asks, with what she is on duty for."""
    bureau_id = session.get_one(Office, officer.office_id).bureau_id
    duty = duty_offices(session, _id(officer), now)
    return Actor(_id(officer), officer.name, Role(officer.role), officer.office_id, bureau_id, origin, duty)


def actor_by_login(session: Session, login: str, origin: str, now: datetime | None = None) -> Actor:
    """The officer in whose name the operator at the machine acts. Raises NotFound."""
    officer = session.exec(select(Officer).where(Officer.login == login, col(Officer.active).is_(True))).first()
    if officer is None:
        raise NotFound(f"There is no active officer with the login {login}.", f"没有账号为 {login} 的在岗工作人员。", field="as")
    return actor_of(session, officer, origin, now or clock.now())


# ---- staff


def create_officer(
    session: Session, actor: Actor | None, *, office_id: int, login: str, name: str, role: Role, password: str | None = None, now: datetime
) -> Officer:
    """A member of staff; without a password she cannot log in. Raises Invalid, Conflict (the login is taken), Forbidden, NotFound."""
    office_for(session, actor, office_id, Action.WRITE_ACCOUNTS)
    login, name = login.strip(), name.strip()
    if not login or len(login) > 64 or not login.isprintable() or any(c.isspace() for c in login):
        raise Invalid("A login has 1 to 64 characters without spaces.", "账号应为 1 至 64 个不含空格的字符。", field="login")
    if not name:
        raise Invalid("A member of staff has a name.", "请填写工作人员姓名。", field="name")
    if session.exec(select(Officer).where(Officer.login == login)).first() is not None:
        raise Conflict(f"The login {login} is taken.", f"账号 {login} 已被使用。", field="login")
    officer = Officer(office_id=office_id, login=login, name=name, role=Role(role).value)
    if password is not None:
        officer.password_hash = _hashed(password, login)
    session.add(officer)
    session.flush()
    record_by(session, actor, "officer.create", detail={"login": login, "role": officer.role, "office": office_id}, now=now)
    return officer


def change_officer(
    session: Session,
    actor: Actor | None,
    officer_id: int,
    *,
    name: str = _UNSET,
    role: Role = _UNSET,
    office_id: int = _UNSET,
    deputy_id: int | None = _UNSET,
    settings: Settings,
    now: datetime,
) -> Officer:
    """Change what is given, leave the rest. The standing deputy may be set by the officer herself and the heads, too. What she may not
    review any more goes to somebody else in the same step.

    Raises Invalid, Forbidden, NotFound."""
    deputy_only = name is _UNSET and role is _UNSET and office_id is _UNSET
    officer = _officer(session, actor, officer_id, deputy_only=deputy_only)
    given = {"name": name, "role": role, "office_id": office_id, "deputy_id": deputy_id}
    changes = {key: value for key, value in given.items() if value is not _UNSET}
    if "office_id" in changes:
        office_for(session, actor, office_id, Action.WRITE_ACCOUNTS)
    if deputy_id is not _UNSET and deputy_id is not None:
        check_deputy(session, officer, deputy_id)
    for key, value in changes.items():
        setattr(officer, key, value.value if isinstance(value, Role) else value)
    session.flush()
    if {"role", "office_id"} & changes.keys():
        reassign_due(session, settings, now)
    record_by(session, actor, "officer.change", detail={"officer": officer.login, **changes}, now=now)
    return officer


def addresses_of(session: Session, actor: Actor | None, officer_id: int) -> Officer:
    """Whose ``addresses`` say where she is reached: one's own, or anybody's by the administrator. Raises Forbidden, NotFound."""
    herself = actor is not None and actor.officer_id == officer_id
    return session.get_one(Officer, officer_id) if herself else _officer(session, actor, officer_id)


def set_addresses(
    session: Session, actor: Actor | None, officer_id: int, addresses: Mapping[str, str], *, settings: Settings, now: datetime
) -> Officer:
    """Say where an officer is reached on each channel of notification; what is left out, she is not. By herself or the administrator.

    Raises Invalid (no such channel; an address that the channel cannot take), Forbidden, NotFound.
    """
    officer = addresses_of(session, actor, officer_id)
    for name, address in addresses.items():
        channel = settings.notify.channel(name)
        if channel is None:
            raise Invalid(f"There is no channel {name}; see config/notify.toml.", f"没有名为 {name} 的通知渠道。", field=name)
        if not address.strip() or len(address) > 200 or not address.isprintable() or not channel.takes(address.strip()):
            raise Invalid(f"{name} cannot take this address.", f"渠道 {name} 无法使用该地址。", field=name)
    officer.addresses = {name: address.strip() for name, address in addresses.items()}
    record_by(session, actor, "officer.addresses", detail={"officer": officer.login, "channels": sorted(addresses)}, now=now)
    return officer


def deactivate_officer(session: Session, actor: Actor | None, officer_id: int, *, settings: Settings, now: datetime) -> Officer:
    """End an account and its sessions at once; what she did stays in her name, what was open goes to somebody else.

    Raises Invalid (oneself), Forbidden, NotFound.
    """
    officer = _officer(session, actor, officer_id)
    if actor is not None and actor.officer_id == officer_id:
        raise Invalid("You cannot deactivate your own account.", "不能停用自己的账号。", field="officer_id")
    officer.active = False
    session.flush()
    _end_sessions(session, officer_id)
    reassign_due(session, settings, now)
    record_by(session, actor, "officer.deactivate", detail={"officer": officer.login}, now=now)
    return officer


def set_password(
    session: Session, actor: Actor | None, officer_id: int, password: str, *, current: str | None = None, now: datetime
) -> Officer:
    """Set a password and end the officer's sessions. An officer sets her own by giving the ``current`` one; the administrator and
    the operator set anybody's. Raises Invalid (too weak), Unauthenticated (the current one is wrong), Forbidden, NotFound."""
    if actor is not None and actor.officer_id == officer_id:
        officer = session.get_one(Officer, officer_id)
        if not _verify(current or "", officer.password_hash or _nobody())[0]:
            raise Unauthenticated("The current password is wrong.", "当前密码错误。", field="current")
    else:
        officer = _officer(session, actor, officer_id)
    officer.password_hash = _hashed(password, officer.login)
    _end_sessions(session, officer_id)
    record_by(session, actor, "officer.password", detail={"officer": officer.login}, now=now)
    return officer


def new_password() -> str:
    """A random password of 96 bits."""
    return secrets.token_urlsafe(12)


# ---- checks


def _officer(session: Session, actor: Actor | None, officer_id: int, *, deputy_only: bool = False) -> Officer:
    officer = session.get(Officer, officer_id)
    office = session.get_one(Office, officer.office_id) if officer else None
    if officer is None or office is None or (actor is not None and actor.bureau_id != office.bureau_id):
        raise NotFound(f"There is no officer {officer_id} in your bureau.", f"本局没有编号 {officer_id} 的工作人员。")
    if actor is None or actor.role is Role.ADMINISTRATOR:
        return officer
    herself_or_head = actor.officer_id == officer_id or actor.role is Role.BUREAU
    her_head = actor.role is Role.OFFICE_HEAD and actor.office_id == officer.office_id
    if deputy_only and (herself_or_head or her_head):
        return officer
    raise Forbidden("Accounts are kept by the administrator.", "账号由管理员维护。")


def _hashed(password: str, login: str) -> str:
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD or login.lower() in password.lower() or len(set(password)) < 5:
        raise Invalid(
            f"A password has at least {LEAST_PASSWORD} characters, five of them different, and does not hold the login.",
            f"密码至少 {LEAST_PASSWORD} 个字符，其中至少五个不同，且不得包含账号。",
            field="password",
        )
    return _passwords.hash(password)


def _verify(password: str, stored: str) -> tuple[bool, str | None]:
    """Whether the password fits, and its hash with today's parameters where the stored one has others."""
    if len(password) > MOST_PASSWORD:
        return False, None
    return _passwords.verify_and_update(password, stored)


@cache
def _nobody() -> str:
    """A hash that no password fits."""
    return _passwords.hash(secrets.token_urlsafe(32))


def _end_sessions(session: Session, officer_id: int) -> None:
    session.execute(delete(LoginSession).where(col(LoginSession.officer_id) == officer_id))


def _id(officer: Officer) -> int:
    assert officer.id is not None
    return officer.id
