from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def unit() -> str:
    return (DEPLOY / "systemd" / "watchdog.service").read_text()


def _verified(unit: str, tmp_path: Path, drop_in: str = "") -> tuple[int, str]:
    # Only the program is another: systemd verifies that it exists.
    copy = tmp_path / "watchdog.service"
    copy.write_text(unit.replace("/opt/watchdog/bin/watchdog", "/bin/true"))
    (tmp_path / "watchdog.service.d").mkdir(exist_ok=True)
    (tmp_path / "watchdog.service.d" / "from.conf").write_text(drop_in)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_systemd_finds_nothing_wrong_with_the_unit(unit: str, tmp_path: Path) -> None:
    assert _verified(unit, tmp_path) == (0, "")


def test_systemd_finds_nothing_wrong_with_the_drop_in_for_from(unit: str, tmp_path: Path) -> None:
    drop_in = (DEPLOY / "systemd" / "from.conf").read_text()
    assert _verified(unit, tmp_path, drop_in) == (0, "")
    assert "Unknown key" in _verified(unit, tmp_path, drop_in.replace("RestrictNamespaces", "Nonsense"))[1]
    assert {"CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_PTRACE", "RestrictNamespaces=net"} <= set(drop_in.split("\n"))


def test_the_unit_outlives_its_engine_and_is_watched_itself(unit: str) -> None:
    lines = set(unit.splitlines())
    assert {"Type=notify", "Restart=always", "Wants=docker.service", "StateDirectoryMode=0700"} <= lines
    assert any(line.startswith("WatchdogSec=") for line in lines)
    assert not any(line.startswith(("Requires=", "BindsTo=", "PartOf=")) for line in lines)


def test_the_container_has_socket_state_lock_and_a_health_check() -> None:
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    service = compose["services"]["watchdog"]
    targets = {mount.split(":")[1] for mount in service["volumes"]}
    assert {"/var/run/docker.sock", "/var/lib/watchdog", "/run/watchdog"} <= targets
    assert service["labels"] == {"watchdog.enable": "false"}
    assert service["network_mode"] == "host"
    assert 'CMD ["watchdog", "healthcheck"]' in (DEPLOY / "compose" / "Dockerfile").read_text()


def test_the_container_gets_for_from_what_that_takes_and_no_more() -> None:
    more = yaml.safe_load((DEPLOY / "compose" / "from.yaml").read_text())
    assert more == {"services": {"watchdog": {"pid": "host", "cap_add": ["SYS_ADMIN", "SYS_PTRACE"]}}}
