"""Findings become episodes: opened, extended, closed, and revised when late evidence changes the past.

An episode opens when the certainty reaches ``open_at`` and ends when it falls to ``close_at`` (the gap keeps one episode from falling
into many), when the window, the zone version or the authority it belongs to ends, or when an approved leave covers it. It began
with the first fix of the unbroken run on the wrong side that led up to its opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from corrections.domain.model import FOREVER_US, Episode, Fix, Rule

FIRST_FIXES = 3  # kept of the run that led up to an episode
COURSE = 48  # moments kept of an episode's course
MOCK_QUIET_US = 3_600_000_000  # a mocked spell is over when this long passed without a mocked fix
MORE_DOUBT_THAN_NOT = 0.5


@dataclass(slots=True)
class Watch:
    """What is remembered between fixes of one subject and zone version: the run on the wrong side so far (its first fixes, how many
    in all, its window), the episode in progress, the end of the leave from which she has not been seen to return (0: none), and
    whether she went on into the zone that she approached, after which being near it is no more news."""

    run: list[Fix] = field(default_factory=list)
    run_fixes: int = 0
    run_window_us: int = 0
    episode: Episode | None = None
    away_until_us: int = 0
    entered: bool = False

    @property
    def idle(self) -> bool:
        return self.episode is None and not self.run and not self.away_until_us and not self.entered


@dataclass(frozen=True, slots=True)
class Watched:
    """One fix as an episode sees it: the evidence, whether the zone binds then (in its window, no leave), its window, the end of
    the leave that frees from the zone then (0: none), and whether she has entered the zone whose approach is watched."""

    fix: Fix
    binds: bool
    window_us: int
    window_ends_us: int
    leave_until_us: int = 0
    entered: bool = False


def watch(
    memory: Watch, rule: Rule, zone_id: int, version_id: int, fixes: Iterable[Watched], open_at: float, close_at: float
) -> list[Episode]:
    """Follow one pair through its fixes in order; returns every episode that was in progress at any of them, and moves ``memory``.

    For each fix: 1. end the episode in progress if the fix says so. 2. Otherwise extend it. 3. Without one, lengthen or break the
    run. 4. Open an episode when the certainty suffices. Who was away on leave and has not been seen to return is overdue.
    """
    seen: list[Episode] = [memory.episode] if memory.episode else []
    for at in fixes:
        fix = at.fix
        if memory.episode is not None and not _ended_by(memory.episode, at, close_at):
            _extend(memory.episode, fix)
            continue
        memory.episode = None
        wrong = fix.certainty > close_at and fix.distance_m > 0
        if not at.binds or not wrong or at.window_us != memory.run_window_us:
            memory.run, memory.run_fixes = [], 0
        memory.entered = (memory.entered or at.entered) and wrong
        if fix.certainty <= close_at:
            memory.away_until_us = 0
        elif wrong and at.leave_until_us:
            memory.away_until_us = at.leave_until_us
        if not at.binds or not wrong:
            continue
        memory.run_window_us = at.window_us
        memory.run_fixes += 1
        if len(memory.run) < FIRST_FIXES:
            memory.run.append(fix)
        if fix.certainty >= open_at and not memory.entered:
            memory.episode = _open(memory, Rule.OVERDUE_RETURN if memory.away_until_us else rule, zone_id, version_id, at)
            memory.run, memory.run_fixes, memory.away_until_us = [], 0, 0
            seen.append(memory.episode)
    return seen


def end_by_time(episode: Episode | None, latest_us: int, bound: bool) -> bool:
    """End an episode whose window was over before the subject's latest fix, or whose zone binds her no more (then with the last fix
    on the wrong side); whether it did."""
    if episode is None or (bound and latest_us < episode.window_ends_us):
        return False
    episode.ended_us = min(episode.window_ends_us, FOREVER_US if bound else episode.last_us)
    return True


def _ended_by(episode: Episode, at: Watched, close_at: float) -> bool:
    """Whether a fix ends the episode, which then has its end; else the episode's window is as long as it is known now."""
    if at.window_us != episode.window_us:
        episode.ended_us = min(at.fix.fix_us, episode.window_ends_us)
    elif not at.binds or at.fix.certainty <= close_at:
        episode.ended_us = at.fix.fix_us
    else:
        episode.window_ends_us = at.window_ends_us
    return episode.ended_us is not None


def _open(memory: Watch, rule: Rule, zone_id: int, version_id: int, at: Watched) -> Episode:
    episode = Episode(
        rule=rule,
        zone_id=zone_id,
        zone_version_id=version_id,
        started_us=memory.run[0].fix_us,
        opened_us=at.fix.fix_us,
        ended_us=None,
        last_us=at.fix.fix_us,
        window_us=at.window_us,
        window_ends_us=at.window_ends_us,
        peak_certainty=at.fix.certainty,
        peak_distance_m=0.0,
        fixes=memory.run_fixes,
        first=list(memory.run),
        opening=at.fix,
        last=at.fix,
    )
    for fix in memory.run if memory.run[-1] is at.fix else [*memory.run, at.fix]:
        _weigh(episode, fix)
    return episode


def _extend(episode: Episode, fix: Fix) -> None:
    _weigh(episode, fix)
    if fix.distance_m <= 0:
        return
    episode.fixes += 1
    episode.last_us, episode.last = fix.fix_us, fix
    episode.peak_certainty = max(episode.peak_certainty, fix.certainty)


def _weigh(episode: Episode, fix: Fix) -> None:
    """Add a fix to the course of an episode and to what speaks against it. A fix that is more probably wrong than not says nothing of
    how deep she was."""
    episode.against.right_side += fix.distance_m <= 0
    episode.against.coarse += fix.accuracy_m is not None and fix.distance_m > 0 and fix.accuracy_m >= fix.distance_m
    episode.against.doubtful += fix.doubt > MORE_DOUBT_THAN_NOT
    if episode.deepest is None or (fix.distance_m > episode.peak_distance_m and fix.doubt <= MORE_DOUBT_THAN_NOT):
        episode.peak_distance_m, episode.deepest = max(fix.distance_m, 0.0), fix
    if episode.charted % episode.thinned == 0:
        episode.course.append((fix.fix_us, fix.distance_m, fix.certainty))
    episode.charted += 1
    if len(episode.course) > COURSE:
        episode.course, episode.thinned = episode.course[::2], 2 * episode.thinned


def watch_mock(current: Episode | None, fixes: Iterable[tuple[Fix, bool]], ends_us: int) -> tuple[list[Episode], Episode | None]:
    """Spells in which a device says that its location is mocked: episodes seen in these fixes, and the one in progress after them.

    ``fixes`` are (fix, mocked) in order of fix time; ``ends_us`` is when monitoring ends.
    """
    seen = [current] if current else []
    for fix, mocked in fixes:
        if current is not None and fix.fix_us - current.last_us >= MOCK_QUIET_US:
            current.ended_us = current.last_us + MOCK_QUIET_US
            current = None
        if not mocked:
            continue
        if current is None:
            current = Episode(
                Rule.MOCK_LOCATION, 0, 0, fix.fix_us, fix.fix_us, None, fix.fix_us, 0, ends_us, 1.0, 0.0, 0, opening=fix
            )  # fmt: skip
            seen.append(current)
        current.fixes += 1
        current.last_us, current.last = fix.fix_us, fix
    return seen, current


# ---- what was known, and what the reports say now


@dataclass(frozen=True, slots=True)
class Known:
    """A stored violation as reconciling needs it. ``key`` is the store's own."""

    key: int
    rule: Rule
    zone_id: int
    started_us: int
    ended_us: int | None
    other_id: int = 0

    @property
    def kind(self) -> tuple[Rule, int, int]:
        return self.rule, self.zone_id, self.other_id


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Decisions: which stored violation each derived episode is, which episodes are new, which stored ones nothing bears out."""

    same: list[tuple[Known, Episode]]
    new: list[Episode]
    gone: list[Known]


def reconcile(known: Sequence[Known], derived: Sequence[Episode]) -> Reconciled:
    """Match episodes derived anew with the violations stored before, over the same span of fix times.

    An episode is the violation of the same rule and zone that began with the same fix; failing that, the one that shares the most
    time with it. Each is matched once.
    """
    same: list[tuple[Known, Episode]] = []
    left = {(k.kind, k.started_us): k for k in known}
    unmatched: list[Episode] = []
    for episode in derived:
        found = left.pop((_kind(episode), episode.started_us), None)
        if found is not None:
            same.append((found, episode))
        else:
            unmatched.append(episode)
    pairs = sorted(
        ((_shared_us(k, e), -k.key, i, k) for k in left.values() for i, e in enumerate(unmatched) if k.kind == _kind(e)),
        key=lambda pair: pair[:3],
        reverse=True,
    )
    taken: set[int] = set()
    for shared, _, i, k in pairs:
        key = (k.kind, k.started_us)
        if shared >= 0 and i not in taken and key in left:
            taken.add(i)
            same.append((left.pop(key), unmatched[i]))
    new = [episode for i, episode in enumerate(unmatched) if i not in taken]
    return Reconciled(same, new, list(left.values()))


def _kind(e: Episode) -> tuple[Rule, int, int]:
    return e.rule, e.zone_id, e.other_id


def _shared_us(k: Known, e: Episode) -> int:
    """Microseconds that both cover, negative when they do not touch."""
    until = min(FOREVER_US if k.ended_us is None else k.ended_us, FOREVER_US if e.ended_us is None else e.ended_us)
    return until - max(k.started_us, e.started_us)
