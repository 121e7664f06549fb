"""How updates reach a bot: long polling with confirmation, or a webhook."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.telegram_clock import Clock
from tests.telegram_files import Json, Refused, bad
from tests.telegram_rules import Args

UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"  # noqa: E501
HOOKED = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"  # noqa: E501
SET = "Conflict: terminated by setWebhook request"
SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Updates:
    """The queue of what happened, at least once each: an update is kept until it is confirmed."""

    clock: Clock
    pending: list[Json] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)  # update_id -> times it was handed out
    conflicts: int = 0
    allowed: list[str] = field(default_factory=list)
    hook: Json = field(default_factory=dict)
    listener: Callable[[], None] = lambda: None
    _next: int = 700_000_000
    _poll: asyncio.Future[str] | None = None
    _posting: asyncio.Task[None] | None = None

    def add(self, kind: str, body: Json) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        if kind not in self.allowed if self.allowed else kind in UNASKED:
            return
        self._next += 1
        self.pending.append({"update_id": self._next, kind: body})
        self._wake("")

    async def poll(self, args: Args) -> list[Json]:
        """Answer getUpdates: confirm what lies before the offset, give what lies after it."""
        if self.hook.get("url"):
            raise self._conflict(HOOKED)
        self._allow(args)
        offset, limit = args.integer("offset"), args.integer("limit") or 100
        if offset < 0:
            offset = max([0, *(u["update_id"] for u in self.pending[offset:][:1])])
        self.pending = [u for u in self.pending if u["update_id"] >= offset]
        self.listener()
        if not self.pending and args.integer("timeout") > 0:
            await self._wait(min(args.integer("timeout"), 50))
        given = self.pending[: min(limit, 100)]
        for update in given:
            self.given[update["update_id"]] = self.given.get(update["update_id"], 0) + 1
        return given

    async def _wait(self, seconds: float) -> None:
        """Hold a poll until there is an update, another poll ends it, or its time is up."""
        self._wake(CONFLICT)
        self._poll = mine = asyncio.get_running_loop().create_future()
        clock = asyncio.ensure_future(self.clock.sleep(seconds))
        self.listener()
        clock.add_done_callback(lambda _: self._wake("") if self._poll is mine else None)
        try:
            if told := await mine:
                raise self._conflict(told)
        finally:
            clock.cancel()
            if self._poll is mine:
                self._poll = None

    @property
    def polled(self) -> bool:
        """Whether somebody waits for updates now."""
        return self._poll is not None and not self.hook

    def _wake(self, why: str) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(why)

    def _conflict(self, text: str) -> Refused:
        self.conflicts += 1
        return Refused(409, text)

    def _allow(self, args: Args) -> None:
        kinds = args.json("allowed_updates")
        if kinds is not None:
            self.allowed = list(kinds)

    async def set_webhook(self, args: Args) -> bool:
        """Answer setWebhook; plain http is taken, as by a self-hosted server on the same host."""
        url, secret = args.text("url"), args.text("secret_token")
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            text = "An HTTPS URL must be provided for webhook"
            raise bad(f"bad webhook: {text}")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not all(c.isalnum() or c in "_-" for c in secret):
            raise bad("secret token contains unallowed characters")
        await self.delete_webhook(args)
        self._allow(args)
        if url:
            self._wake(SET)
            self.hook = {"url": url, "secret": secret}
            self._posting = asyncio.create_task(self._post())
        return True

    async def delete_webhook(self, args: Args) -> bool:
        """Answer deleteWebhook."""
        if args.flag("drop_pending_updates"):
            self.pending.clear()
        await self.close()
        self.hook = {}
        return True

    async def webhook_info(self, args: Args) -> Json:
        """Answer getWebhookInfo."""
        facts: Json = {"url": self.hook.get("url", ""), "has_custom_certificate": False}
        facts["pending_update_count"] = len(self.pending)
        error = {k: v for k, v in self.hook.items() if k.startswith("last_")}
        return facts | error

    async def _post(self) -> None:
        """Post updates one after the other, each again after 1, 2, 4 ... seconds until taken."""
        async with aiohttp.ClientSession(trust_env=False) as session:
            while True:
                if not self.pending:
                    self._poll = asyncio.get_running_loop().create_future()
                    await self._poll
                    continue
                update, delay = self.pending[0], 1
                while not await self._taken(session, update):
                    await self.clock.sleep(delay)
                    delay = min(delay * 2, 60)
                self.pending = [u for u in self.pending if u is not update]
                self.listener()

    async def _taken(self, session: aiohttp.ClientSession, update: Json) -> bool:
        self.given[update["update_id"]] = self.given.get(update["update_id"], 0) + 1
        headers = {SECRET: self.hook["secret"]} if self.hook["secret"] else {}
        try:
            async with session.post(self.hook["url"], json=update, headers=headers) as answer:
                if answer.status < 300:
                    return True
                why: Any = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except aiohttp.ClientError as failed:
            why = f"Connection failed: {type(failed).__name__}"
        now = int(self.clock.time())
        self.hook |= {"last_error_date": now, "last_error_message": why}
        self.listener()
        return False

    async def close(self) -> None:
        """Stop posting and end whoever waits."""
        if self._posting is not None:
            self._posting.cancel()
            await asyncio.gather(self._posting, return_exceptions=True)
            self._posting = None
        elif self._poll is not None:
            self._wake("")
