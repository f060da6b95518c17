from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from tests.config.conftest import Load
from tests.config.reference import defaults, written
from watchdog.config.checks import KINDS, CheckSection
from watchdog.config.deployments import HookSection
from watchdog.config.fields import Section
from watchdog.config.journeys import CaptureSection, JourneySection, RetrySection, StepSection
from watchdog.config.maintenance import MaintenanceSection
from watchdog.config.receivers import ReceiverSection
from watchdog.config.routes import RouteSection
from watchdog.config.schema import SECTIONS, ServiceRecoverySection, ServiceSection
from watchdog.config.validators import ValidatorSection
from watchdog.model.settings import ServiceSettings, Settings

TEXT = (Path(__file__).parents[2] / "config.example.toml").read_text()
SETTING = re.compile(r"^#(?=[\[a-z])|^#$", re.MULTILINE)
NAMES = (
    "ALERT_TOKEN",
    "ALERT_SECRET",
    "IMPORT_TOKEN",
    "MAIL_PASSWORD",
    "ORDERS_DB",
    "PING_ID",
    "SHOP_TOKEN",
    "SHOP_PASSWORD",
)
ENVIRON = dict.fromkeys(NAMES, "t" * 16)
FILES = {"apprise": "json://hooks.example/x"}
"""What a file in /run/secrets holds, where it is no URL."""


def blocks() -> list[str]:
    """The commented settings, each run of lines with the header of its table, uncommented."""
    header, found, block = "", list[str](), list[str]()
    for line in [*TEXT.splitlines(), ""]:
        if re.match(r"#[\[a-z]|#$", line) and (line != "#" or block):
            block.append(line[1:])
            continue
        if block:
            found.append("\n".join([header, *block]))
            block = []
        if line.startswith("["):
            header = line
        elif line.startswith("# ----"):
            header = ""
    return found


def example() -> dict[str, Any]:
    """What all blocks say together; two blocks never say the same key of a table."""
    found: dict[str, Any] = {}
    for block in blocks():
        for name, value in tomllib.loads(block).items():
            if isinstance(value, list):
                found.setdefault(name, []).extend(value)
            else:
                table = found.setdefault(name, {})
                for key, one in value.items():
                    assert key not in table or isinstance(one, list)
                    table[key] = [*table.get(key, []), *one] if isinstance(one, list) else one
    return found


def test_the_example_as_it_is_has_all_defaults(settings_of: Load, file: Path) -> None:
    assert settings_of(TEXT) == replace(Settings(), source=file)


@pytest.mark.parametrize("block", blocks())
def test_each_commented_block_loads(block: str, settings_of: Load, tmp_path: Path) -> None:
    for name in re.findall(r"/run/secrets/(\w+)", block):
        (tmp_path / name).write_text(FILES.get(name, "https://hooks.example/x"))
    found = settings_of(block.replace("/run/secrets", str(tmp_path)), ENVIRON)
    assert found != Settings()


def test_the_example_names_every_key() -> None:
    shapes: dict[str, type[Section]] = dict(SECTIONS)
    for name, shape in shapes.items():
        assert example()[name].keys() == shape.model_fields.keys()
    (service,) = example()["service"]
    assert service.keys() == ServiceSection.model_fields.keys()
    assert service["health"].keys() == SECTIONS["health"].model_fields.keys()
    assert service["recovery"].keys() == ServiceRecoverySection.model_fields.keys()
    assert set().union(*example()["alert"]["receiver"]) == ReceiverSection.model_fields.keys()
    journeys = example()["journey"]
    assert set().union(*journeys) == JourneySection.written().keys()
    steps = [step for journey in journeys for step in journey["step"]]
    assert set().union(*steps) == StepSection.written().keys()
    captures = [capture for step in steps for capture in step.get("capture", {}).values()]
    assert set().union(*captures) == CaptureSection.written().keys()
    assert set().union(*(step.get("retry", {}) for step in steps)) == RetrySection.written().keys()
    assert set().union(*example()["alert"]["route"]) == RouteSection.model_fields.keys()
    assert set().union(*example()["deploy"]["hook"]) == HookSection.model_fields.keys()
    assert set().union(*example()["maintenance"]) == MaintenanceSection.model_fields.keys()
    assert set().union(*example()["validator"]) == ValidatorSection.model_fields.keys()
    assert set().union(*example()["endpoint"], *service["check"]) >= {*CheckSection.model_fields, *KINDS, "from"}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_says_the_real_defaults(section: str, settings_of: Load) -> None:
    plain = {key: value for key, value in example()[section].items() if defaults()[section].get(key) is not None}
    text = f"[{section}]\n" + "\n".join(line for line in uncommented(section) if line.split(" ")[0] in plain)
    assert plain
    assert replace(settings_of(text), source=None) == Settings()


def uncommented(section: str) -> list[str]:
    lines = SETTING.sub("", TEXT).splitlines()
    start = lines.index(f"[{section}]")
    rest = lines[start + 1 :]
    return rest[: next((number for number, line in enumerate(rest) if line.startswith("[")), len(rest))]


def test_every_setting_of_the_model_has_a_key() -> None:
    for name in ("engine", "discovery", "health", "recovery", "state", "alert"):
        own = {
            one.name.removesuffix("s") if one.name in {"receivers", "routes"} else one.name
            for one in fields(getattr(Settings(), name))
        }
        assert own <= SECTIONS[name].model_fields.keys()
    of_service = {one.name for one in fields(ServiceSettings)} - {"configured", "checks"}
    assert of_service == ServiceSection.model_fields.keys() - {"name", "project", "check"}


def test_the_documents_list_what_the_models_say() -> None:
    for document, text in written().items():
        assert document.read_text() == text, "write it anew: python -m tests.config.reference"
