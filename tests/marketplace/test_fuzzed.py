"""The plugin API under schemathesis: no server error, and no answer that its OpenAPI document does not describe."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.marketplace import running_marketplace
from tests.support.processes import clean_environment, script

pytestmark = pytest.mark.slow

SECONDS = 30
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.mark.parametrize("signed_in", [False, True], ids=["a stranger", "who may upload"])
def test_half_a_minute_of_fuzzing_finds_no_failure(tmp_path: Path, signed_in: bool):
    with running_marketplace(tmp_path) as market:
        market.publish("poll")
        known = ["--auth", f"__token__:{market.token()}"] if signed_in else []
        done = subprocess.run(
            [
                *(script("schemathesis"), "run", f"{market.url}/openapi.json", *known),
                *("--max-time", str(SECONDS), "--checks", ",".join(CHECKS), "--warnings", "off"),
                *("--seed", "1", "--max-failures", "5"),  # the same cases at each run: what is found can be found again
            ],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr
        assert "No issues found" in done.stdout
        market.publish("vote")  # it still takes uploads
