"""Which measure (考核奖惩) is open to whom, on which grounds, and who must agree to it. Pure: people propose and decide.

The ladder and its differences by category: domain.md section 2.4, after WZ22, SPC21 Arts 516 and 543, PSA12 Art 60(4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corrections.domain.casework import MeasureKind
from corrections.domain.legal import FINAL, LAWFUL, Contact, Terms, Why, may_be_proposed
from corrections.domain.model import Category, Role


class Second(StrEnum):
    """Who must agree to a proposal before its paper may go out."""

    NONE = "none"  # 无须复核
    OFFICE_HEAD = "office_head"  # 司法所所长
    BUREAU = "bureau"  # 区司法局


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of a measure: for which categories it stands, and ``why`` where the program can tell that the counts or the time out of
    contact bear it out (None: only a person can)."""

    key: str
    measure: MeasureKind
    categories: frozenset[Category]
    why: Why | None = None


_FOR_ALL = (MeasureKind.COMMENDATION, MeasureKind.ADMONITION, MeasureKind.WARNING)
_MAY_SECOND: Mapping[Second, frozenset[Role]] = {
    Second.NONE: frozenset(),
    Second.OFFICE_HEAD: frozenset({Role.OFFICE_HEAD, Role.BUREAU}),
    Second.BUREAU: frozenset({Role.BUREAU}),
}


def open_to(category: Category) -> Sequence[MeasureKind]:
    """The measures that a category knows, lightest first; none for those outside the four of the law.

    假释 knows no public-security penalty (PSA12 Art 60(4) does not name it), 管制 no last step (it is the sentence itself).

    >>> [kind.value for kind in open_to(Category.CONTROL)]
    ['commendation', 'admonition', 'warning', 'security_penalty']
    >>> [kind.value for kind in open_to(Category.PAROLE)]
    ['commendation', 'admonition', 'warning', 'revoke_parole']
    """
    if category not in LAWFUL:
        return ()
    penalty = () if category is Category.PAROLE else (MeasureKind.SECURITY_PENALTY,)
    return (*_FOR_ALL, *penalty, *((FINAL[category],) if category in FINAL else ()))


def grounds_of(grounds: Sequence[Ground], category: Category, measure: MeasureKind | None = None) -> list[Ground]:
    """The grounds that stand for a category, of one measure or (None) of all that are open to it, in their order."""
    known = open_to(category)
    return [g for g in grounds if category in g.categories and g.measure in known and measure in (None, g.measure)]


def fitting(
    grounds: Sequence[Ground], category: Category, counts: Mapping[MeasureKind, int], contact: Contact | None, terms: Terms
) -> frozenset[str]:
    """The keys of the grounds that the measures in force and the time out of contact (None: she is in contact) bear out.

    That one fits is no proposal: whether she has mended, and whether there is a good reason, a person judges.
    """
    may = {(one.measure, one.why) for one in may_be_proposed(category, counts, contact, terms)}
    return frozenset(g.key for g in grounds_of(grounds, category) if g.why is not None and (g.measure, g.why) in may)


def may_second(second: Second, role: Role) -> bool:
    """Whether a role is of the rank that a measure asks of its second officer."""
    return role in _MAY_SECOND[second]
