"""A real server in its own process, which can be killed and come back where it was."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE_S

__all__ = ["ServedProcess", "free_port"]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServedProcess:
    """``serve`` on a port and a folder."""

    def __init__(self, folder: Path, port: int, **environment: str) -> None:
        self.folder = folder
        self.port = port
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; returns when it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "depthbridge", "serve", "--port", str(self.port)],
            env={
                **os.environ,
                "DEPTHBRIDGE_RECORDING_FOLDER": str(self.folder),
                **self._environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert re.search(r"http://\S+:(\d+)/", line), line

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> None:
        """End it as a user does."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def get(self, path: str) -> Any:
        """A JSON answer."""
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def text(self, path: str) -> str:
        """An answer as it is."""
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    def book(
        self, symbol: str = "ES 12-26", source: str = "live", tick: float = 0.25
    ) -> tuple[list[list[int]], list[list[int]]]:
        """Bids and asks as the server has them, in ticks."""
        name = symbol.replace(" ", "%20")
        book = self.get(f"/api/v1/instruments/{name}/book?source={source}")
        return tuple(  # type: ignore[return-value]
            [[round(price / tick), round(size)] for price, size in book[side]]
            for side in ("bids", "asks")
        )

    def exported(self, out: Path) -> list[int]:
        """Numbers of all records in the journal, in its order; the server must have ended."""
        done = subprocess.run(
            [
                sys.executable, "-m", "depthbridge", "journal", "export",
                str(self.folder), "--out", str(out),
            ],
            check=False, capture_output=True, encoding="utf-8", timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [int(line.partition(",")[0]) for line in out.read_text().splitlines()[1:]]
