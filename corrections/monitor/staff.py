"""Who of a bureau does a round at a moment: the subject's officer, who stands in for her, or who is on duty."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from corrections.domain.calendar import WorkCalendar
from corrections.domain.model import Role
from corrections.review.roster import absences, on_duty
from corrections.store.access import ALLOWED, Action
from corrections.store.tables import Office, Officer


class Staff:
    """A bureau's staff who may do rounds, as they are there at one moment; loaded once, asked for many subjects."""

    def __init__(self, session: Session, bureau_id: int, calendar: WorkCalendar, at: datetime) -> None:
        self._session, self._bureau_id, self._at = session, bureau_id, at
        roles = [role.value for role in ALLOWED[Action.CHECK]]
        mine = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == bureau_id)
        able = mine.where(col(Officer.active).is_(True), col(Officer.role).in_(roles)).order_by(col(Officer.id))
        self.officers = {officer.id: officer for officer in session.exec(able) if officer.id is not None}
        self._away = absences(session, at, self.officers)
        self._working = calendar.is_working(at)
        self._duties: dict[int, list[int]] = {}

    def on_duty(self, office_id: int) -> list[int]:
        """The officers on duty for an office, the nearest first."""
        if office_id not in self._duties:
            found = on_duty(self._session, self._bureau_id, office_id, self._at)
            self._duties[office_id] = [officer_id for officer_id in found if officer_id in self.officers]
        return self._duties[office_id]

    def responsible(self, office_id: int, officer_id: int | None) -> int | None:
        """Who looks after a subject of an office whose officer is ``officer_id``.

        1. Outside working hours, whoever is on duty. 2. Her officer. 3. The officer's deputy. 4. The office's head. 5. The bureau's
        staff. 6. Any other officer of the office. Whoever is absent comes only after all who are not. None: the bureau has nobody.
        """
        if not self._working and self.on_duty(office_id):
            return self.on_duty(office_id)[0]
        ranked = [officer_id, self.deputy_of(officer_id), *self.of_role(Role.OFFICE_HEAD, office_id), *self.of_role(Role.BUREAU)]
        ranked += self.of_role(Role.OFFICER, office_id)
        able = [i for i in ranked if i is not None and self.reaches(i, office_id)]
        return next((i for i in able if i not in self._away), able[0] if able else None)

    def deputy_of(self, officer_id: int | None) -> int | None:
        """Who stands in for an officer: whom her absence names, else her standing deputy."""
        officer = self.officers.get(officer_id or 0)
        if officer is None:
            return None
        absence = self._away.get(officer_id or 0)
        return absence.deputy_id if absence is not None and absence.deputy_id is not None else officer.deputy_id

    def of_role(self, role: Role, office_id: int | None = None) -> list[int]:
        """The staff of a role, of one office or of all, by id, those who are there first."""
        found = [i for i, o in self.officers.items() if o.role == role and (office_id is None or o.office_id == office_id)]
        return sorted(found, key=lambda i: (i in self._away, i))

    def is_there(self, officer_id: int | None) -> bool:
        """Whether an officer works and is not absent."""
        return officer_id in self.officers and officer_id not in self._away

    def reaches(self, officer_id: int, office_id: int) -> bool:
        """Whether an office lies within an officer's reach."""
        officer = self.officers.get(officer_id)
        if officer is None:
            return False
        return officer.role == Role.BUREAU or officer.office_id == office_id or officer_id in self.on_duty(office_id)
