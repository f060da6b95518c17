"""What a person reads when the engine cannot be used: one sentence, and never more than a deadline later."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.lab.engine import LabEngine
from watchdog.engine.docker import DockerEngine
from watchdog.errors import ConfigurationError, EngineRefused, EngineUnavailable, NotFound
from watchdog.model.plan import CreateContainer, StartContainer
from watchdog.model.settings import EngineSettings

NOBODY = 65534


async def sentence(settings: EngineSettings) -> str:
    engine = DockerEngine(settings)
    try:
        with pytest.raises(EngineUnavailable) as caught:
            await engine.list_containers()
    finally:
        await engine.close()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    return str(caught.value)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncGenerator[str]:
    """A TCP server that says this to everybody; b'' says nothing and keeps the connection open."""
    held: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        if answer:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for writer in held:
            writer.close()


async def test_without_a_socket_it_says_that_docker_may_not_be_installed(tmp_path: Path) -> None:
    said = await sentence(EngineSettings(host=f"unix://{tmp_path}/docker.sock"))
    assert "there is no such socket; is Docker installed and started?" in said


async def test_a_socket_that_nobody_listens_on_says_so(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"{tmp_path}/docker.sock")
    said = await sentence(EngineSettings(host=f"unix://{tmp_path}/docker.sock"))
    assert "nobody listens" in said


@pytest.fixture
def closed_socket() -> Iterator[str]:
    """A listening socket that only root may use, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        Path(folder).chmod(0o755)
        server.bind(f"{folder}/docker.sock")
        server.listen()
        Path(f"{folder}/docker.sock").chmod(0o600)
        yield f"unix://{folder}/docker.sock"


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes nobody to be refused")
async def test_without_permission_it_names_the_group_and_what_that_means(closed_socket: str) -> None:
    await sentence(EngineSettings(host="unix:///nowhere"))  # imports everything while that is allowed
    os.seteuid(NOBODY)
    try:
        said = await sentence(EngineSettings(host=closed_socket))
    finally:
        os.seteuid(0)
    assert "no permission on unix://" in said
    assert "group docker, which equals root" in said


async def test_an_engine_that_never_answers_is_given_up_at_the_deadline() -> None:
    async with answering(b"") as host:
        began = time.monotonic()
        said = await sentence(EngineSettings(host=host, timeout=0.3))
        assert time.monotonic() - began < 5
    assert said == f"the engine at {host} did not answer within 0.3 s"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n<oops",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
        b"220 mail.example.org ESMTP\r\n",
    ],
    ids=["broken JSON", "other JSON", "a web page", "cut short", "another protocol"],
)
async def test_what_is_no_engine_is_unavailable_and_no_traceback(answer: bytes) -> None:
    async with answering(answer) as host:
        assert host in await sentence(EngineSettings(host=host, timeout=5.0))


@pytest.mark.engine
async def test_a_frozen_engine_is_given_up_at_the_deadline(own_engine: Callable[..., LabEngine]) -> None:
    lab = own_engine()
    engine = DockerEngine(EngineSettings(host=lab.host, timeout=0.5))
    await engine.list_containers()
    lab.freeze()
    with pytest.raises(EngineUnavailable, match=r"did not answer within 0\.5 s"):
        await engine.list_containers()
    lab.thaw()
    await engine.list_containers()
    await engine.close()


@pytest.mark.engine
async def test_a_refusal_is_the_engines_own_sentence_with_its_status(clean_engine: LabEngine) -> None:
    engine = DockerEngine(EngineSettings(host=clean_engine.host, timeout=30.0))
    container = clean_engine.docker("create", "--name", "web", "busybox:lab", "/no/such/program")
    with pytest.raises(EngineRefused) as caught:
        await engine.execute(StartContainer(container))
    assert caught.value.status == 400 or isinstance(caught.value, NotFound)
    assert "/no/such/program" in str(caught.value)
    assert (await engine.inspect(container)).exit_code == 127
    spec = await engine.capture(container)
    clean_engine.docker("rm", "web")
    with pytest.raises(NotFound):
        await engine.execute(CreateContainer(spec.id, "web", f"sha256:{'0' * 64}"), spec)
    await engine.close()


@pytest.mark.parametrize("host", ["ssh://somebody@example.org", "docker.sock", "unix://", "npipe:////./pipe/docker"])
def test_an_address_that_cannot_be_used_is_a_mistake_in_the_configuration(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write unix:///PATH or tcp://HOST:PORT"):
        DockerEngine(EngineSettings(host=host))


def test_missing_certificates_are_named(tmp_path: Path) -> None:
    settings = EngineSettings(host="tcp://127.0.0.1:2376", tls_verify=True, cert_path=tmp_path)
    with pytest.raises(ConfigurationError, match=r"ca\.pem, cert\.pem and key\.pem"):
        DockerEngine(settings)
