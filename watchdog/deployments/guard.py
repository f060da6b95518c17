"""`DeploymentSafetyGuard`: opens deployments one at a time, and finishes those that somebody was killed in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from watchdog.codecs.compose import CONTAINER
from watchdog.codecs.deployments import LIMITS
from watchdog.deployments.announcer import Announcer
from watchdog.deployments.baseline import BaselineGate
from watchdog.deployments.event_stream import STILL_THERE
from watchdog.deployments.gates import Gates
from watchdog.deployments.host import DeploymentHost
from watchdog.deployments.ordering import opened
from watchdog.deployments.scope import ASKING
from watchdog.deployments.transaction import Transaction
from watchdog.errors import DeploymentRefused, UnknownDeployment
from watchdog.model.deployment import Deployment, DeployOrder, Gate, GateResult, Scope, Stage
from watchdog.model.record import Desired, Row
from watchdog.model.views import gate_json
from watchdog.policy.compose_changes import compose_containers
from watchdog.policy.naming import find_service

Event = Mapping[str, Any]


class Numbers(Protocol):
    """Where deployments are kept."""

    def next_deployment(self) -> int: ...

    async def open_deployments(self) -> tuple[Deployment, ...]: ...

    async def deployments(self, limit: int) -> tuple[Deployment, ...]: ...

    async def deployment(self, number: int) -> tuple[Deployment, tuple[Row, ...]]: ...


class DeploymentSafetyGuard:
    """One per daemon: one deployment at a time, for what one brings another may break."""

    def __init__(self, host: DeploymentHost, announcer: Announcer, ledger: Numbers) -> None:
        self._host = host
        self._announcer = announcer
        self._ledger = ledger
        self._gates = Gates(host)
        self._turn = asyncio.Lock()
        self._open: Transaction | None = None
        self._stuck: Transaction | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def restore(self) -> None:
        """Takes up what an earlier daemon left open, before any service is judged."""
        for deployment in await self._ledger.open_deployments():
            transaction = Transaction(self._host, self._announcer, deployment)
            if deployment.stage is Stage.STUCK:
                self._stuck = transaction
                self._host.cover(deployment, frozenset(deployment.left))
                continue
            await self._turn.acquire()
            self._open = transaction
            if deployment.changed:
                self._host.cover(deployment)
            self._start(transaction.finish, transaction)

    def deploy(self, order: DeployOrder) -> AsyncGenerator[Event]:
        """Events to its end. Who stops listening before rolls it back: a killed command must not leave it half-done."""
        return self._follow(order, until="end", token=None)

    def rehearse(self, order: DeployOrder) -> Event:
        """What a deployment would cover and ask; nothing is touched or recorded."""
        deployment = opened(order, self._host)
        views = {key: one for key, one in sorted(self._host.services().items()) if deployment.scope.covers(key)}
        asked = {gate: self._gates.questions(gate, deployment.scope, list(views)) for gate in ASKING}
        return {
            "scope": str(deployment.scope),
            "protected": [str(key) for key, one in views.items() if one.record.desired is Desired.UP],
            "retire": [str(key) for key in deployment.retire],
            "hooks": [hook.name for hook in self._host.settings.hooks],
            "gates": {gate.value: [self._gates.subject(*one) for one in found] for gate, found in asked.items()},
            "limits": LIMITS.write(deployment.limits),
            "containers": [
                CONTAINER.write(one)
                for one in compose_containers(
                    order.project, [one.container for one in views.values() if one.container is not None]
                )
            ],
        }

    def begin(self, order: DeployOrder) -> AsyncGenerator[Event]:
        """Events until the change may begin; the last of them carries the token that ends it."""
        return self._follow(order, until="go", token=secrets.token_urlsafe(32))

    async def _follow(self, order: DeployOrder, *, until: str, token: str | None) -> AsyncGenerator[Event]:
        if self._stuck is not None:
            raise DeploymentRefused(_needs_person(self._stuck.deployment))
        if self._open is not None:
            other = f"deployment {self._open.deployment.id} by {self._open.deployment.by} is under way"
            if not order.wait:
                raise DeploymentRefused(f"{other}: wait for its end, or leave out --no-wait")
            yield {"event": "waits", "sentence": f"{other}: waits for its end"}
        while not await self._its_turn():
            yield {"event": "waiting"}
        try:
            transaction = self._opened(order, token)
        except BaseException:
            self._turn.release()
            raise
        self._start(transaction.run, transaction)
        reached = False
        try:
            async for event in transaction.telling.follow(until=until):
                if token is not None and event["event"] == "go":
                    event = {**event, "token": f"{transaction.deployment.id}.{token}"}  # noqa: PLW2901 - told to nobody else
                    reached = True
                yield event
        finally:
            if not (reached or transaction.telling.over):
                transaction.abort("who ordered it went away before its end")

    async def _its_turn(self) -> bool:
        """Whether it came within some seconds; then it has to be released."""
        try:
            async with asyncio.timeout(STILL_THERE):
                return await self._turn.acquire()
        except TimeoutError:
            return False

    def _opened(self, order: DeployOrder, token: str | None) -> Transaction:
        if self._stuck is not None:
            raise DeploymentRefused(_needs_person(self._stuck.deployment))
        deployment = opened(order, self._host, _hash(token) if token is not None else "")
        number = self._ledger.next_deployment()
        deployment = replace(deployment, id=number, mark=f"{number}-{secrets.token_hex(12)}")
        self._open = Transaction(self._host, self._announcer, deployment)
        self._open.telling.tell("deployment", id=number, scope=str(deployment.scope))
        return self._open

    def _start(self, work: Callable[[], Any], transaction: Transaction) -> None:
        async def run() -> None:
            try:
                await work()
            finally:
                self._open = None
                if transaction.deployment.stage is Stage.STUCK:
                    self._stuck = transaction
                self._turn.release()

        task = asyncio.create_task(run(), name=transaction.deployment.subject)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def command_ended(self, number: int, code: int, uid: int) -> str:
        """The command of a deployment is done."""
        self._own(number, uid).command_ended(code)
        return f"deployment {number}: its command ended with {code}"

    def abort(self, number: int, because: str, uid: int) -> str:
        self._own(number, uid).abort(because)
        return f"deployment {number} is rolled back: {because}"

    async def checkpoint(self, number: int, uid: int) -> list[dict[str, Any]]:
        """Validates what is there in the middle of a change."""
        transaction = self._own(number, uid)
        if transaction.deployment.stage is not Stage.CHANGING:
            raise DeploymentRefused(f"deployment {number} is {transaction.deployment.stage}: nothing to check now")
        return [gate_json(result) for result in await transaction.checkpoint()]

    def commit(self, token: str, uid: int) -> AsyncGenerator[Event]:
        """Validates, soaks and commits what was begun; the token is used up by that."""
        transaction = self._by_token(token, uid)
        return self._finish(transaction, lambda: transaction.command_ended(0))

    def rollback(self, token: str, uid: int, by: str) -> AsyncGenerator[Event]:
        """Rolls back what was begun; the token is used up by that."""
        transaction = self._by_token(token, uid)
        return self._finish(transaction, lambda: transaction.abort(f"{by} rolls it back"))

    def rollback_by_number(self, number: int, uid: int, by: str) -> AsyncGenerator[Event]:
        """A person breaks off the open deployment, or orders the rollback of a stuck one again."""
        stuck = self._stuck
        if stuck is None or stuck.deployment.id != number:
            transaction = self._own(number, uid)
            return self._finish(transaction, lambda: transaction.abort(f"{by} rolls it back"))
        if uid not in {0, stuck.deployment.uid}:
            raise DeploymentRefused(f"deployment {number} is another user's")
        if self._turn.locked():
            raise DeploymentRefused(f"the rollback of deployment {number} is under way")
        again = Transaction(self._host, self._announcer, stuck.deployment)

        def start() -> None:
            self._stuck, self._open = None, again
            self._start(lambda: again.roll_back(f"{by} orders its rollback again"), again)

        return self._finish(again, start, lock=True)

    async def _finish(
        self, transaction: Transaction, start: Callable[[], None], *, lock: bool = False
    ) -> AsyncGenerator[Event]:
        after = transaction.telling.length
        if lock:
            await self._turn.acquire()
        start()
        try:
            async for event in transaction.telling.follow(after):
                yield event
        finally:
            if not transaction.telling.over:
                transaction.abort("who ordered its end went away before it")

    async def release(self, number: int, by: str, reason: str, uid: int) -> str:
        """A person takes over what a stuck deployment left behind; recovery acts again."""
        stuck = self._stuck
        if stuck is None or stuck.deployment.id != number:
            raise UnknownDeployment(f"deployment {number} does not wait for a person: `watchdog deployments` lists all")
        if uid not in {0, stuck.deployment.uid}:
            raise DeploymentRefused(f"deployment {number} is another user's")
        sentence = await stuck.release(by, reason)
        self._stuck = None
        return sentence

    async def gate(self, gate: Gate, services: tuple[str, ...]) -> GateResult:
        """One gate by itself, of all that is protected or of these services; nothing is touched."""
        host = self._host
        views = host.services()
        named = tuple(find_service(name, views) for name in services)
        scope = Scope(services=named)
        keys = [key for key, one in views.items() if scope.covers(key) and (named or one.record.desired is Desired.UP)]
        match gate:
            case Gate.PREFLIGHT:
                return await self._gates.preflight(())
            case Gate.BASELINE:
                return await BaselineGate(host, self._gates).rehearse(scope)
            case Gate.INFRASTRUCTURE:
                return await self._gates.infrastructure(keys, whole=True)
            case _:
                return await self._gates.checks(gate, self._gates.questions(gate, scope, keys), whole=True)

    async def listed(self, limit: int) -> tuple[Deployment, ...]:
        """Newest first."""
        return await self._ledger.deployments(limit)

    async def shown(self, number: int) -> tuple[Deployment, tuple[Row, ...]]:
        """With its rows, oldest first. Raises UnknownDeployment."""
        return await self._ledger.deployment(number)

    async def stop(self) -> None:
        """What is open stays so in the ledger: the next daemon rolls it back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _own(self, number: int, uid: int) -> Transaction:
        if self._open is None or self._open.deployment.id != number:
            raise DeploymentRefused(f"deployment {number} is not open (any more): `watchdog deployments {number}`")
        if uid not in {0, self._open.deployment.uid}:
            raise DeploymentRefused(f"deployment {number} is another user's")
        return self._open

    def _by_token(self, token: str, uid: int) -> Transaction:
        number, _, secret = token.strip().partition(".")
        transaction = self._open
        refused = "the token is no open deployment's: it is wrong, was used, or its deployment has expired"
        if transaction is None or str(transaction.deployment.id) != number:
            raise DeploymentRefused(refused)
        if not hmac.compare_digest(transaction.deployment.token_hash, _hash(secret)):
            raise DeploymentRefused(refused)
        if transaction.deployment.uid != uid:
            raise DeploymentRefused("the token was given to another user")
        transaction.use_up_token()
        return transaction


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _needs_person(deployment: Deployment) -> str:
    return f"deployment {deployment.id} needs a person first: {deployment.because}"
