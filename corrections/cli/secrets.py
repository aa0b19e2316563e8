"""Passwords and credentials that are shown once: on the screen, or in a new file that only its owner can read."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from corrections.cli.speech import say, t, table
from corrections.errors import Conflict


class SecretsFile:
    """Where secrets go. ``keep`` is called before the commit: a secret that could not be written was never set."""

    def __init__(self, path: Path | None, handle: int | None) -> None:
        self._path, self._handle = path, handle

    def keep(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Write the rows to the file, durably; nothing without one."""
        if self._handle is None or not rows:
            return
        with os.fdopen(os.dup(self._handle), "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())

    def show(self, rows: Sequence[Mapping[str, str]]) -> None:
        """After the commit: show the rows on the screen, or say where they are."""
        if not rows:
            return
        if self._path is not None:
            say(t(f"凭据已写入 {self._path}（仅本人可读）。", f"The secrets are in {self._path}, readable by you only."))
            return
        say(t("以下内容仅显示这一次，请妥善保管：", "These are shown this once; keep them safe:"))
        table(list(rows[0]), [list(row.values()) for row in rows])


@contextmanager
def secrets_file(path: Path | None) -> Iterator[SecretsFile]:
    """The place for secrets: a new file of mode 0600, or the screen. A file of a failed command is taken away again.

    Raises Conflict when the file exists.
    """
    if path is None:
        yield SecretsFile(None, None)
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{path} exists; choose another name.", f"{path} 已存在，请换一个文件名。", field="secrets") from error
    try:
        yield SecretsFile(path, handle)
        if os.fstat(handle).st_size == 0:
            path.unlink()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
