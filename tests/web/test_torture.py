"""Files that were made to break programs, sent to the page: each ends in a result or a clear line; the server lives."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx")

TORTURE = Path(__file__).parents[3] / "shared" / "media" / "torture"
EVERY = int(os.environ.get("VIDSTYLE_TORTURE_EVERY", "40"))
"""One of so many files is sent; 1 for all of them, which takes long."""


@pytest.mark.slow
@pytest.mark.skipif(not TORTURE.is_dir(), reason="needs ../shared/media/torture")
def test_every_upload_ends_well(live: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(path for path in TORTURE.rglob("*") if path.is_file() and path.suffix != ".csv")[::EVERY]
    server = live("--jobs", "2", "--max-work", "2:00", "--max-duration", "0:20", "--max-memory", "4")
    ends: Counter[str] = Counter()
    with httpx.Client(base_url=server, timeout=180) as client:
        for path in files:
            with path.open("rb") as file:
                form = {"style": "waves", "temporal": "off"}
                answer = client.post("/api/jobs", data=form, files={"video": (path.name, file)})
            if not path.stat().st_size:
                assert answer.status_code == 422
                continue
            assert answer.status_code == 201, (path, answer.text)
            with client.stream("GET", f"/api/jobs/{answer.json()['id']}/events") as events:
                told = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
            job = told[-1]
            with capsys.disabled():
                print(f"{path.relative_to(TORTURE)}: {job['state']} {job['error'] or ''}")
            ends[job["state"] if job["state"] == "done" or "fault of" not in job["error"] else "fault"] += 1
            if job["state"] == "done":
                assert len(client.get(f"/api/jobs/{job['id']}/result").content) == job["result"]["bytes"] > 0
            else:
                assert job["state"] == "failed"
                assert job["error"].strip()
                assert "\n" not in job["error"]
                assert str(TORTURE) not in job["error"]
            assert client.get("/api/limits").json()["running"] <= 1
    with capsys.disabled():
        print(dict(ends))
    assert not ends["fault"]
