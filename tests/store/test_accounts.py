"""Accounts: log-in, sessions that end, and who may change what."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Role
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from corrections.records import accounts, guessing, register
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.credentials import hash_credential
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, KnownBrowser, LoginFailure, LoginSession, Officer

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = Settings()
PASSWORD = "correct horse 电池"
HOUR = timedelta(hours=1)


@pytest.fixture
def staffed(database: Engine) -> Engine:
    """Two offices; liming (1) and head (2) in the first, admin (3) in the second."""
    with writing(database) as session:
        register.create_bureau(session, None, code="YX", name="云溪区司法局", now=NOW)
        for i in range(2):
            register.create_office(session, None, bureau_id=1, code=f"YX{i}", name="所", now=NOW)
        for login, role, office_id in (("liming", Role.OFFICER, 1), ("head", Role.OFFICE_HEAD, 1), ("admin", Role.ADMINISTRATOR, 2)):
            accounts.create_officer(session, None, office_id=office_id, login=login, name="李明", role=role, password=PASSWORD, now=NOW)
    return database


def logged_in(database: Engine, login: str = "liming", now: datetime = NOW) -> str:
    with writing(database) as session:
        return accounts.log_in(session, login, PASSWORD, now, SETTINGS, "10.0.0.1")[0]


def the_actor(database: Engine, token: str, now: datetime) -> Actor:
    with reading(database) as session:
        return accounts.actor_for(session, token, now, SETTINGS, "10.0.0.1")


def actor(session: Session, login: str) -> Actor:
    return accounts.actor_by_login(session, login, "test")


def test_a_token_tells_who_asks(staffed: Engine) -> None:
    token = logged_in(staffed)

    assert the_actor(staffed, token, NOW) == Actor(1, "李明", Role.OFFICER, 1, 1, "10.0.0.1")


def test_neither_token_nor_password_is_stored(staffed: Engine) -> None:
    token = logged_in(staffed)

    with reading(staffed) as session:
        assert session.exec(select(LoginSession.token_hash)).all() == [hash_credential(token)]
        assert session.exec(select(Officer.password_hash)).first().startswith("$argon2id$")


@pytest.mark.parametrize(
    ("login", "password"), [("liming", "wrong password"), ("nobody", PASSWORD), ("liming", ""), ("liming", "x" * 5000), ("\x00", "x")]
)
def test_a_refused_log_in_stays_on_record(staffed: Engine, login: str, password: str) -> None:
    with pytest.raises(Unauthenticated) as refusal, writing(staffed) as session:
        accounts.log_in(session, login, password, NOW, SETTINGS, "10.0.0.1")

    assert refusal.value.en == "The login or the password is wrong."
    with reading(staffed) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.actor, event.origin) == ("login.refused", login.replace("\x00", ""), "10.0.0.1")


def test_a_log_in_is_on_record(staffed: Engine) -> None:
    logged_in(staffed)

    with reading(staffed) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.detail) == ("login", {"officer_id": 1})


def test_a_session_ends_when_it_is_not_used(staffed: Engine) -> None:
    token = logged_in(staffed)

    the_actor(staffed, token, NOW + HOUR - timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        the_actor(staffed, token, NOW + HOUR)


def test_use_keeps_a_session_alive_until_its_absolute_end(staffed: Engine) -> None:
    token = logged_in(staffed)

    for minutes in range(30, 600, 30):
        now = NOW + timedelta(minutes=minutes)
        the_actor(staffed, token, now)
        with writing(staffed) as session:
            assert accounts.needs_touch(session, token, now)
            accounts.touch(session, token, now)
            assert not accounts.needs_touch(session, token, now)
    with pytest.raises(Unauthenticated):
        the_actor(staffed, token, NOW + 10 * HOUR)


def test_a_session_ends_with_log_out(staffed: Engine) -> None:
    token = logged_in(staffed)

    with writing(staffed) as session:
        accounts.log_out(session, token, NOW)
        accounts.log_out(session, token, NOW)

    with pytest.raises(Unauthenticated):
        the_actor(staffed, token, NOW)


def test_an_unknown_token_is_nobody(staffed: Engine) -> None:
    with pytest.raises(Unauthenticated):
        the_actor(staffed, "x", NOW)


def test_a_deactivated_officer_is_out_at_once_and_for_good(staffed: Engine) -> None:
    token = logged_in(staffed)

    with writing(staffed) as session:
        accounts.deactivate_officer(session, actor(session, "admin"), 1, settings=SETTINGS, now=NOW)

    with pytest.raises(Unauthenticated):
        the_actor(staffed, token, NOW)
    with pytest.raises(Unauthenticated):
        logged_in(staffed)
    with reading(staffed) as session, pytest.raises(NotFound):
        actor(session, "liming")


def test_a_new_password_ends_the_sessions_of_the_old(staffed: Engine) -> None:
    token = logged_in(staffed)

    with writing(staffed) as session:
        accounts.set_password(session, actor(session, "liming"), 1, "another 很长的 one", current=PASSWORD, now=NOW)

    with pytest.raises(Unauthenticated):
        the_actor(staffed, token, NOW)
    with writing(staffed) as session:
        assert accounts.log_in(session, "liming", "another 很长的 one", NOW, SETTINGS)[1].id == 1


def test_one_changes_her_own_password_with_the_current_one_only(staffed: Engine) -> None:
    with writing(staffed) as session:
        with pytest.raises(Unauthenticated) as refusal:
            accounts.set_password(session, actor(session, "liming"), 1, "another 很长的 one", current="guess", now=NOW)
        with pytest.raises(Forbidden):
            accounts.set_password(session, actor(session, "head"), 1, "another 很长的 one", now=NOW)
        accounts.set_password(session, actor(session, "admin"), 1, "another 很长的 one", now=NOW)

    assert refusal.value.field == "current"


@pytest.mark.parametrize("password", ["short", "elevenchars", "aaaaaaaaaaaaaaaa", "my liming password", "x" * 2000])
def test_a_weak_password_is_refused(staffed: Engine, password: str) -> None:
    with writing(staffed) as session, pytest.raises(Invalid) as refusal:
        accounts.set_password(session, None, 1, password, now=NOW)

    assert refusal.value.field == "password"


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"login": "liming"}, Conflict),
        ({"login": "li ming"}, Invalid),
        ({"login": ""}, Invalid),
        ({"name": " "}, Invalid),
        ({"password": "short"}, Invalid),
        ({"office_id": 9}, NotFound),
    ],
)
def test_an_account_that_cannot_be_is_refused(staffed: Engine, terms: dict[str, object], error: type[CorrectionsError]) -> None:
    with writing(staffed) as session, pytest.raises(error):
        accounts.create_officer(session, None, **({"office_id": 1, "login": "new", "name": "新", "role": Role.OFFICER, "now": NOW} | terms))


def test_accounts_are_kept_by_the_administrator(staffed: Engine) -> None:
    with writing(staffed) as session:
        for login in ("liming", "head"):
            with pytest.raises(Forbidden):
                accounts.create_officer(session, actor(session, login), office_id=1, login="x", name="新", role=Role.OFFICER, now=NOW)
            with pytest.raises(Forbidden):
                accounts.change_officer(session, actor(session, login), 1, role=Role.BUREAU, settings=SETTINGS, now=NOW)
        accounts.change_officer(session, actor(session, "admin"), 1, role=Role.BUREAU, settings=SETTINGS, now=NOW)
        with pytest.raises(Invalid):
            accounts.deactivate_officer(session, actor(session, "admin"), 3, settings=SETTINGS, now=NOW)

        assert session.get_one(Officer, 1).role == "bureau"


def test_an_officer_names_her_own_standing_deputy(staffed: Engine) -> None:
    with writing(staffed) as session:
        accounts.change_officer(session, actor(session, "liming"), 1, deputy_id=2, settings=SETTINGS, now=NOW)
        with pytest.raises(Forbidden):
            accounts.change_officer(session, actor(session, "liming"), 2, deputy_id=1, settings=SETTINGS, now=NOW)
        for wrong in (1, 3, 99):
            with pytest.raises(Invalid):
                accounts.change_officer(session, actor(session, "liming"), 1, deputy_id=wrong, settings=SETTINGS, now=NOW)

        officer = session.get_one(Officer, 1)
        assert officer.deputy_id == 2


# ---- guessing


def guess(database: Engine, login: str = "liming", origin: str = "10.0.0.9", browser: str = "", now: datetime = NOW) -> None:
    with contextlib.suppress(Unauthenticated, TooMany), writing(database) as session:
        accounts.log_in(session, login, "a wrong password", now, SETTINGS, origin, browser)


def enters(database: Engine, login: str = "liming", origin: str = "10.0.0.1", browser: str = "", now: datetime = NOW) -> bool:
    try:
        with writing(database) as session:
            accounts.log_in(session, login, PASSWORD, now, SETTINGS, origin, browser)
    except TooMany:
        return False
    return True


def known_browser(database: Engine, officer_id: int = 1) -> str:
    with writing(database) as session:
        return guessing.remember(session, officer_id, "", SETTINGS, NOW)


@pytest.mark.parametrize("login", ["liming", "nobody"])
def test_after_too_many_wrong_passwords_not_even_the_right_one_is_tried_for_a_while(staffed: Engine, login: str) -> None:
    for _ in range(SETTINGS.service.login_tries):
        guess(staffed, login)

    with pytest.raises(TooMany), writing(staffed) as session:
        accounts.log_in(session, login, PASSWORD, NOW, SETTINGS, "10.0.0.1")
    assert enters(staffed, "head")  # nobody else waits
    if login == "liming":
        assert enters(staffed, now=NOW + timedelta(minutes=SETTINGS.service.login_minutes))
    with reading(staffed) as session:
        waits = session.exec(select(AuditEvent).where(AuditEvent.action == "login.waits")).all()
        assert [(event.actor, event.detail) for event in waits] == [(login, {"failures": 10})]


def test_a_colleague_who_guesses_locks_nobody_out_of_her_own_browser(staffed: Engine) -> None:
    browser = known_browser(staffed)
    for _ in range(50):
        guess(staffed)

    assert not enters(staffed)
    assert enters(staffed, browser=browser)
    assert not enters(staffed, browser=known_browser(staffed, officer_id=2))  # somebody else's browser is a stranger's


def test_a_known_browser_is_no_way_round(staffed: Engine) -> None:
    browser = known_browser(staffed)
    for _ in range(2 * SETTINGS.service.login_tries):
        guess(staffed, browser=browser)

    assert not enters(staffed, browser=browser)
    with reading(staffed) as session:
        assert len(session.exec(select(LoginFailure)).all()) == 2 * SETTINGS.service.login_tries


def test_one_address_that_tries_many_logins_waits(staffed: Engine) -> None:
    browser = known_browser(staffed, officer_id=2)
    for n in range(SETTINGS.service.origin_tries):
        guess(staffed, f"login-{n}", "10.0.0.9")

    assert not enters(staffed, "liming", "10.0.0.9")
    assert enters(staffed, "liming", "10.0.0.1")
    assert enters(staffed, "head", "10.0.0.9", browser=browser)


def test_what_was_mistyped_before_the_right_password_counts_no_more(staffed: Engine) -> None:
    for _ in range(3):
        for _ in range(SETTINGS.service.login_tries - 1):
            guess(staffed, origin="10.0.0.1")
        assert enters(staffed, origin="10.0.0.1")


def test_failures_are_forgotten_and_browsers_too(staffed: Engine) -> None:
    guess(staffed)
    guess(staffed, now=NOW + HOUR)
    browser = known_browser(staffed)
    ends = NOW + timedelta(days=SETTINGS.service.browser_days)
    with writing(staffed) as session:
        assert len(session.exec(select(LoginFailure)).all()) == 1
        assert guessing.remember(session, 1, browser, SETTINGS, NOW + HOUR) == browser
        assert guessing.remember(session, 2, browser, SETTINGS, NOW + HOUR) != browser
        assert guessing.remember(session, 1, browser, SETTINGS, ends + HOUR) != browser
        assert session.get(KnownBrowser, hash_credential(browser)) is None
