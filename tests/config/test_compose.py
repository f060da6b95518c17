from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from watchdog.config.compose import ComposeFacts, compose_services

COMPOSE = Path(sysconfig.get_path("platlib")) / "compose" / "docker-compose"


def facts(directory: Path, **files: str) -> ComposeFacts:
    """What the files, named by keyword and in that order, say; `_` stands for a file that others name."""
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text)
    return compose_services([Path(f"{name}.yaml") for name in files if not name.startswith("_")], directory)


def test_services_that_up_brings_up_are_expected(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        compose="""
x-base: &base { image: app, restart: always }
services:
  db: { image: db }
  api: { <<: *base, deploy: { replicas: 3 } }
  worker: { <<: *base, scale: 2 }
  debug: { image: app, profiles: [debug] }
  spare: { image: app, deploy: { replicas: 0 } }
  old: { image: app, scale: 0 }
  ai: { provider: { type: model } }
""",
    )
    assert found.expected == {"db": 1, "api": 3, "worker": 2}
    assert found.idle == {
        "debug": 'it belongs to the profile "debug", which `up` alone does not activate',
        "spare": "its deploy.replicas is 0",
        "old": "its scale is 0",
        "ai": "a provider runs it, not the engine",
    }
    assert found.not_judged == ()


def test_later_files_override_earlier_ones(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        compose="""
services:
  a: { image: a, scale: 0 }
  b: { image: b, deploy: { replicas: 2, mode: replicated } }
  f: { image: f, deploy: { replicas: 3 } }
  c: { image: c, profiles: [x] }
  d: { image: d }
""",
        override="""
services:
  a: { scale: 1 }
  b: { deploy: { labels: { x: y } } }
  f: { deploy: {} }
  c: { profiles: !reset [] }
  d: !reset null
  e: { image: e, ports: !override ["80:80"] }
""",
    )
    assert found.expected == {"a": 1, "b": 2, "c": 1, "e": 1, "f": 3}


def test_includes_and_extends_are_followed(tmp_path: Path) -> None:
    sub = tmp_path / "sub"
    sub.mkdir()
    (sub / "compose.yaml").write_text("include: [more.yaml]\nservices: { cache: { image: c } }")
    (sub / "more.yaml").write_text("services: { mail: { extends: { file: ../_base.yaml, service: spare } } }")
    found = facts(
        tmp_path,
        _base="services: { spare: { image: b, scale: 0 }, busy: { extends: spare, scale: 1 } }",
        compose="""
include:
  - sub/compose.yaml
  - path: [_base.yaml]
  - oci://example.org/x
services:
  web: { extends: { file: _base.yaml, service: busy } }
  lost: { extends: { service: nobody } }
  loop: { extends: loop }
""",
    )
    assert found.expected == {"cache": 1, "busy": 1, "web": 1}
    assert found.idle == {"mail": "its scale is 0", "spare": "its scale is 0"}
    assert found.not_judged == (
        'not judged: what "oci://example.org/x" includes is not a plain local file',
        'not judged: "lost" extends "nobody", which is not there',
        'not judged: "loop" extends what cannot be found',
    )


def test_when_one_file_cannot_be_read_nothing_is_expected(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: { a: { image: a } }")
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for name, reason in [
        ("absent.yaml", "cannot be read: No such file or directory"),
        ("-", "cannot be read: No such file or directory"),
        ("pipe.yaml", "is not a regular file"),
        ("", "cannot be read: Is a directory"),
        ("nul\0", "the name of a Compose file cannot be used"),
    ]:
        found = compose_services([Path("compose.yaml"), Path(name)], tmp_path)
        assert found.expected == {}
        assert reason in found.not_judged[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("services: [", "is not YAML: expected the node content, but found '<stream end>' (line 1)"),
        ("services: !!python/object:os.system x", "is not YAML: could not determine a constructor"),
        ("services: 3", "is no mapping"),
        ("- a", "is no mapping"),
        ("services: { a: 3 }", '"a" is no mapping'),
        ("services: { a: { scale: '${N:-2}' } }", 'scale of "a" is "${N:-2}", no plain number'),
        ("services: { a: { scale: true } }", 'scale of "a" is true, no plain number'),
        ("a: &a [*a]\n? *a\n: 1", "is not YAML: "),
        ("a: 2024-99-99", "is not YAML: "),
        ("a: { <<: [{}, 3] }", "is not YAML: only mappings can be merged (line 1)"),
        ("[" * 5000, "is not YAML: it stands too deep in itself"),
        (
            "services: { a: { image: !reset [] , x: !override { a: [1] } , y: !override x, scale: -1 } }",
            "no plain number",
        ),
        ("include: [a.yaml, '$X']", "is not a plain local file"),
        ("#" * 262_145, "is larger than 262144 bytes"),
    ],
)
def test_what_makes_no_sense_is_not_judged(text: str, reason: str, tmp_path: Path) -> None:
    found = facts(tmp_path, compose=text)
    assert found.expected == {}
    assert any(reason in sentence for sentence in found.not_judged)
    assert all(len(sentence) < 400 for sentence in found.not_judged)


MANY_KEYS = f"a: &a {{ {', '.join(f'k{number}: ' for number in range(9000))} }}\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "a0: &a0 { k: v }\n"
            + "\n".join(f"a{n}: &a{n} {{ <<: [{', '.join([f'*a{n - 1}'] * 9)}] }}" for n in range(1, 12)),
            id="nine times what merges nine times",
        ),
        pytest.param(f"{MANY_KEYS}b: {{ <<: [{','.join(['*a'] * 50_000)}] }}", id="many keys often into one"),
        pytest.param(f"{MANY_KEYS}b: [{','.join(['{<<: *a}'] * 15_000)}]", id="many keys into many"),
        pytest.param(
            f"a: &a {{}}\nb: &b [{','.join(['*a'] * 30_000)}]\nc: [{','.join(['{<<: *b}'] * 15_000)}]",
            id="nothing, often into many",
        ),
    ],
)
def test_merge_keys_that_unfold_without_end_are_refused(text: str, tmp_path: Path) -> None:
    assert "its merge keys unfold without end" in facts(tmp_path, compose=text).not_judged[0]


def test_a_thousand_services_may_merge_what_they_share(tmp_path: Path) -> None:
    base = f"x-base: &base {{ image: app, {', '.join(f'x-{number}: 1' for number in range(30))} }}"
    services = ", ".join(f"s{number}: {{ <<: *base }}" for number in range(1000))
    assert len(facts(tmp_path, compose=f"{base}\nservices: {{ {services} }}").expected) == 1000


def test_what_is_merged_first_has_the_say_as_in_compose(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        compose="""
x-three: &three { image: app, scale: 3 }
x-two: &two { image: app, scale: 2 }
services:
  first: { <<: [*three, *two] }
  nested: { <<: [{ image: other }, { <<: [*two, *three] }] }
  own: { scale: 1, <<: *two }
""",
    )
    assert found.expected == {"first": 3, "nested": 2, "own": 1}
    assert compose_brings_up([tmp_path / "compose.yaml"]) == found.expected


def test_aliases_that_unfold_without_end_are_never_spelled_out(tmp_path: Path) -> None:
    lines = ["x0: &x0 [lol]", *(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 30))]
    found = facts(
        tmp_path,
        compose="\n".join(
            [
                *lines,
                "include: [*x29, { path: { a: *x29 } }]",
                "services: { a: { scale: *x29 }, b: { profiles: *x29 }, c: { extends: *x29 } }",
            ]
        ),
    )
    assert found.expected == {}
    assert len(str(found)) < 2000


def test_services_may_extend_one_another_only_so_deep(tmp_path: Path) -> None:
    chain = {f"s{number}": {"extends": f"s{number + 1}"} for number in range(30)} | {"s30": {"image": "x"}}
    found = facts(tmp_path, compose=json.dumps({"services": chain}))
    assert found.expected == {f"s{number}": 1 for number in range(14, 31)}
    assert len(found.not_judged) == 14


def test_only_so_many_files_are_read(tmp_path: Path) -> None:
    files = {f"f{number}": "services: {}" for number in range(65)}
    assert facts(tmp_path, **files).not_judged == ("not judged: the project has more than 64 files",)


def test_includes_without_end_are_bounded(tmp_path: Path) -> None:
    found = facts(tmp_path, compose="include: [compose.yaml, compose.yaml]\nservices: { a: { image: a } }")
    assert found.expected == {"a": 1}
    assert found.not_judged


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=100),
        st.text(st.sampled_from("services: {}[]&*!<|\n-ab12'\"#?,~"), max_size=80).map(str.encode),
    )
)
@example(b"services: {a: {profiles: 3, deploy: [1], extends: [x], scale: {}}}\ninclude: [3, {path: [1]}, {}]")
@example(b"include: 3\nservices: {1: {}, ~: {}, 2024-01-01: {image: x}}")
def test_any_file_gives_facts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "compose.yaml").write_bytes(content)
    assert isinstance(compose_services([Path("compose.yaml")], tmp_path), ComposeFacts)


REPLICAS: st.SearchStrategy[dict[str, int]] = st.fixed_dictionaries({}, optional={"replicas": st.integers(0, 3)})
SERVICE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"image": st.just("x")},
    optional={
        "profiles": st.lists(st.sampled_from(["p", "q"]), max_size=2, unique=True),
        "deploy": REPLICAS,
        "scale": st.integers(0, 3),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), SERVICE, min_size=1), min_size=1, max_size=2))
def test_compose_itself_agrees(tmp_path: Path, files: list[dict[str, dict[str, Any]]]) -> None:
    paths = [tmp_path / f"{number}.yaml" for number, _ in enumerate(files)]
    for path, services in zip(paths, files, strict=True):
        path.write_text(json.dumps({"services": services}))
    expected = compose_brings_up(paths)
    # Compose refuses what contradicts itself (scale beside replicas), so no project has it.
    assert expected is None or compose_services(paths, tmp_path).expected == expected


def compose_brings_up(paths: list[Path]) -> dict[str, int] | None:
    """What Compose itself says, None where it refuses the files."""
    arguments = [argument for path in paths for argument in ("-f", str(path))]
    answer = subprocess.run([COMPOSE, *arguments, "config", "--format", "json"], capture_output=True, check=False)
    if answer.returncode:
        return None
    counts = {name: replicas(service) for name, service in json.loads(answer.stdout)["services"].items()}
    return {name: count for name, count in counts.items() if count}


def replicas(service: dict[str, Any]) -> int:
    deploy: dict[str, int] = service.get("deploy") or {}
    return deploy["replicas"] if "replicas" in deploy else service.get("scale", 1)
