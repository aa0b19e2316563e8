"""A person at the service's HTTP API: logs in, asks, acts. JSON in and out; an error becomes Trouble with the service's own words."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from scripts.sample_service import Trouble

TIMEOUT_S = 60.0


class ApiClient:
    """Requests to one service, with the token of a log-in once there is one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""

    def log_in(self, login: str, password: str) -> dict[str, Any]:
        """Log in; who that is."""
        answer: dict[str, Any] = self.post("/api/v1/login", {"login": login, "password": password})
        self._token = str(answer["token"])
        return answer

    def as_bearer(self, token: str) -> ApiClient:
        """The same client, with a token that was given in another way."""
        self._token = token
        return self

    def get(self, path: str, **query: object) -> Any:
        return json.loads(self.text(path, **query))

    def text(self, path: str, **query: object) -> str:
        """An answer as it comes, such as a page. ``query`` becomes the query string."""
        asked = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        return self._send("GET", f"{path}?{asked}" if asked else path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return json.loads(self._send("POST", path, json.dumps(body).encode()))

    def _send(self, method: str, path: str, body: bytes | None) -> str:
        headers = {"Accept-Language": "zh"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self._url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise Trouble(f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:500]}") from error
        except OSError as error:
            raise Trouble(f"{method} {path}: the service does not answer ({error}).") from error


def figures(text: str) -> dict[str, float]:
    """The samples of a Prometheus page, by name with labels as written."""
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}
