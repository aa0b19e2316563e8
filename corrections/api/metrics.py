"""What Prometheus reads: one registry for each app, so that several in one process do not mix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from corrections import clock
from corrections.api.problems import AWAY
from corrections.records import faults
from corrections.review import queue
from corrections.store.database import reading


class Metrics:
    """Counts of requests as they are served, and what is asked of the database, ingest and monitor when they are read."""

    def __init__(self, engine: Engine, ingest: Any = None, monitor: Any = None) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Asked(engine, ingest, monitor))
        self._requests = Counter(
            "corrections_http_requests", "Requests answered.", ["method", "endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram("corrections_http_request_seconds", "Time until the answer.", ["endpoint"], registry=self.registry)

    def served(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        self._requests.labels(method, endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


class _Asked(Collector):
    """What is true at the moment of reading."""

    def __init__(self, engine: Engine, ingest: Any, monitor: Any) -> None:
        self._engine, self._ingest, self._monitor = engine, ingest, monitor

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks nothing of the database yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            yield from list(self._of_database())
            up = 1
        except AWAY:
            up = 0
        yield GaugeMetricFamily("corrections_database_up", "Whether the database answers.", value=up)
        if self._ingest is not None:
            yield from self._of_ingest()
        if self._monitor is not None:
            yield from self._of_monitor()

    def _of_database(self) -> Iterator[Metric]:
        with reading(self._engine) as session:
            sizes, aside, oldest = queue.sizes(session), faults.count_set_aside(session, None), faults.oldest_waiting(session)
        violations = GaugeMetricFamily("corrections_queue_violations", "Open violations by state.", labels=["state"])
        for state, count in sizes.items():
            violations.add_metric([state], count)
        messages = GaugeMetricFamily("corrections_set_aside_messages", "Messages put aside so far.", labels=["wire", "reason"])
        for wire, reason, count in aside:
            messages.add_metric([wire, reason], count)
        lag_s = 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())
        yield violations
        yield messages
        yield GaugeMetricFamily("corrections_evaluation_lag_seconds", "Age of the oldest report not yet evaluated.", value=lag_s)

    def _of_ingest(self) -> Iterator[Metric]:
        tally = self._ingest.tally
        reports = CounterMetricFamily("corrections_reports", "Messages taken in since the start.", labels=["outcome"])
        for outcome, count in (("stored", tally.stored), ("repeated", tally.repeated), ("refused", sum(tally.refused.values()))):
            reports.add_metric([outcome], count)
        yield reports
        yield CounterMetricFamily("corrections_commits", "Transactions of ingest since the start.", value=tally.commits)
        yield CounterMetricFamily("corrections_unavailable", "Requests that phones were asked to repeat.", value=tally.unavailable)
        yield GaugeMetricFamily("corrections_ingest_waiting", "Messages that wait for their commit.", value=self._ingest.waiting)

    def _of_monitor(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("corrections_job_runs", "Runs of the monitor's jobs since the start.", labels=["job"])
        last = GaugeMetricFamily("corrections_job_last_success_seconds", "When a job last ended well (Unix time).", labels=["job"])
        for name, job in sorted(self._monitor.status.jobs.items()):
            runs.add_metric([name], job.runs)
            if job.last_success is not None:
                last.add_metric([name], job.last_success.timestamp())
        yield runs
        yield last
