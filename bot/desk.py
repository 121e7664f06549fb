"""The desk: one turn at a time in each chat, from what somebody said to the answer they see."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from agents.followup import completed
from agents.scene import Scene, look
from agents.turns import Answer, answer, perform, refused, resume
from agents.understanding.wishes import Wish
from agents.work import Work
from bot import approving, commands, notices, projects, seating, talking
from bot.actions import DELETE, FEEDBACK, INSTEAD, PLAN, STOP, actions, answers, command
from bot.adapter import Edited, Event, Outbox, Pressed, Received, Reply
from bot.delivery import send, withdraw
from bot.edits import PRESS, offered
from bot.hearing import heard, is_spoken
from bot.liking import habits, judged, noticed
from bot.locks import Locks
from bot.progress import Board
from bot.queue import Turns, queue_notice
from bot.remembering import said_to_like
from bot.request import checked, hints, read, ready, understood
from bot.speaking import Speaking
from bot.studio import NOBODY, Studio
from bot.telling import TELLERS
from bot.trail import Trail
from bot.translation import put
from bot.turn import Turn, Underway
from memory.errors import AtelierError
from memory.records import Chat, Delivery, Feedback, Message, User, new_id
from memory.sentences import joined, say
from tools.errors import Refused

log = logging.getLogger(__name__)

_STOP = (Wish("cancel", {}),)
_STOPPING = say("Stopping.")
_OVER = "That is over already; there is nothing left to cancel."


class Desk:
    """Handles events; `interval` is the least number of seconds between two progress views."""

    def __init__(self, studio: Studio, *, interval: float = 0.2) -> None:
        self._studio, self._interval = studio, interval
        self._locks, self._reading = Locks[Chat](), asyncio.Lock()
        self._turns = Underway()

    async def __call__(self, event: Event, outbox: Outbox) -> None:
        """Handle one event to its end; raises AtelierError with a sentence for the person."""
        if isinstance(event, Pressed):
            await self._pressed(event, outbox)
            return
        message = event.message
        if not (event.called or await talking.concerns(self._studio, message)):
            return
        async with self._reading:  # who comes later must find those who came before
            wanted = checked(message)
            if wanted is None and await understood(message.text[:200]) == _STOP:
                wanted = commands.Command("cancel")
        if wanted is None or commands.takes_turn(wanted):
            if isinstance(event, Edited):
                await self._edited(event, outbox)
            else:
                await self._take_turn(message, outbox, event.post, called=event.called)
        else:
            await outbox.notice(await self._told(wanted, event))

    async def recover(self, platform: str, outbox: Callable[[Message], Outbox]) -> None:
        """Send the replies that were not sent, and finish the turns that were not finished.

        `outbox` is asked for the way back to where a message came from.
        """
        self._studio.boards.ways[platform] = outbox
        for delivery in await self._studio.store.pending(platform):
            try:
                await self._deliver(delivery, outbox(delivery.message))
            except Exception:  # the others must not wait for the next start, too
                log.exception("reply %s could not be sent", delivery.message.id)
        stored = await self._studio.store.open_turns(platform)
        turns = [
            self._take_turn(m, Speaking(outbox(m), m.language), known=True)
            for m in stored
            if m.id not in self._turns
        ]
        await asyncio.gather(*turns)
        await self._studio.boards.catch_up(platform)

    async def left(self, chat: Chat, *, gone: bool = False) -> None:
        """Stop what is done in a chat we are not in any more; what is made for a room goes on."""
        if not await self._studio.boards.left(chat, gone=gone):
            self.cancel(chat)

    def cancel(self, chat: Chat, user: User | None = None) -> int:
        """Stop the turns of a chat (of one user, if given); return how many there were."""
        return self._turns.cancel(chat, user)

    async def _pressed(self, event: Pressed, outbox: Outbox) -> None:
        score = FEEDBACK.get(event.action)
        if score is not None:
            store, given = self._studio.store, Feedback(event.message_id, event.user, score)
            await store.judge(given)
            await judged(store, event.chat, given)
            await outbox.notice(say("Thank you, noted."))
            return
        if event.action == DELETE:
            return await withdraw(self._studio.store, event, outbox)
        doing = {INSTEAD: self._instead, STOP.id: self._stop}
        if do := doing.get(event.action):
            await do(event, outbox)
            return
        text = command(event.action)
        said = Message(
            event.chat, event.user, text, reply_to=event.message_id, language=event.language
        )
        await self(Received(said, event.post, event.place), outbox)

    async def _stop(self, event: Pressed, outbox: Outbox) -> None:
        """Stop the one request under whose progress a button was pressed."""
        store, id = self._studio.store, event.message_id
        waiting = {} if id in self._turns else await store.open_turns(event.chat.platform)
        known = [t.message for t in self._turns.values()] + [*waiting]
        request = next((m for m in known if m.id == id), None)
        if request is None:
            raise Refused(_OVER)
        here = await store.current(request.chat) == event.chat
        if event.user != request.author and not (here and event.place.admin):
            raise Refused("Only who asked for that, or an admin here, can cancel it.")
        if not self._turns.drop(id):
            raise Refused(_OVER)
        await outbox.notice(_STOPPING)

    async def _edited(self, event: Edited, outbox: Outbox) -> None:
        """Take a request's new words: for the old ones if it waits, else when that is asked for."""
        message, store = event.message, self._studio.store
        turn = self._turns.get(message.id)
        if turn is not None and turn.task is None:
            old, turn.message = turn.message.text, message
            await store.reword(message.id, message.text, old)
        elif offer := await offered(event, store, running=turn is not None):
            await self._deliver(offer, outbox)

    async def _instead(self, event: Pressed, outbox: Outbox) -> None:
        """Do what somebody changed their request to, and stop what it was before."""
        store = self._studio.store
        offer = await store.message(event.message_id)
        request = await store.message(offer.reply_to)
        if event.user != request.author:
            raise Refused("Only who wrote that can say that it shall be done.")
        if request.id in self._turns or await store.is_request(request.id):
            return  # pressed twice
        said = await self._post(request)
        for turn in list(self._turns.values()):
            if said and await self._post(turn.message) == said:
                turn.stop()
        with suppress(Refused):
            await outbox.remove(await Trail.of(store, offer.id))
        await self._take_turn(request, outbox, event.post, PRESS)

    async def _post(self, request: Message) -> str:
        """Return the platform's id of a request, "" when it has none."""
        post = (await Trail.of(self._studio.store, request.id))[0]
        return post.id if post is not None else ""

    async def _take_turn(
        self,
        message: Message,
        outbox: Outbox,
        post: str = "",
        part: int = 0,
        *,
        known: bool = False,
        called: bool = True,
    ) -> None:
        board = Board(message.id, outbox.show, self._interval)
        if called:  # whoever talks to others waits for nothing
            board.phase("received")
        turn = self._turns.begin(message)
        try:
            if not (known or await self._studio.store.open_turn(message, post, part)):
                return  # a platform told it twice
            async with turn.after(self._locks[message.chat]):
                found = await self._answer(turn, board)
                await self._reply(message, found, outbox)
            if self._studio.keeper is not None:
                self._studio.keeper.spoke(message.chat)
        finally:
            del self._turns[message.id]

    async def _answer(self, turn: Turn, board: Board) -> Answer:
        """Think a turn through in a task of its own, so that it alone can be stopped."""
        if turn.is_stopped():
            return Answer("reply", say("Cancelled before it began."))
        turn.task = asyncio.create_task(self._think(turn, board))
        try:
            return await turn.task
        except asyncio.CancelledError:
            if not turn.is_stopped():
                turn.task.cancel()  # a shutdown: the stored steps go on at the next start
                await asyncio.wait([turn.task])
                raise
        await projects.halted(self._studio, turn.message)
        made = answer(turn.work) if turn.work is not None else Answer("reply", "")
        return Answer("reply", made.text or say("Cancelled."), made.steps)

    async def _think(self, turn: Turn, board: Board) -> Answer:
        message, studio = turn.message, self._studio
        scene = await look(studio.store, message)
        user = message.author or NOBODY
        limits = await studio.book.limits(message.chat, user)
        used = await habits(studio.store, message.chat, user, limits)
        work = turn.work = studio.work(scene, board, limits, used)
        try:
            if is_spoken(message) and not await talking.replaces(studio, message):
                message = await heard(studio, message, board.hears)
                scene = work.scene = replace(scene, message=message)
            await ready(message.text)
            decide = partial(self._decide, message, scene, work, board)
            found = used.told(await projects.within(studio, work, decide))
            await noticed(studio.store, message, found, used)
        except AtelierError as error:
            found = refused(work, error)
        finally:
            await work.close()
        said = (f"“{message.text}”", found.text)
        return found if turn.message is message else replace(found, text=joined("\n\n", said))

    async def _decide(self, message: Message, scene: Scene, work: Work, board: Board) -> Answer:
        stored = await self._studio.store.steps_of(message.id)
        if stored:
            return await resume(work, stored)
        if found := await approving.answered(self._studio, work):
            return found
        wanted = commands.parse(message.text)
        store = self._studio.store
        wishes = commands.wishes(wanted) if wanted else await completed(store, scene, read)
        if wishes:
            return await perform(work, wishes)
        if found := await said_to_like(self._studio.store, message):
            return found
        board.phase("thinking")
        assistant = await self._studio.assistant()
        return await assistant.answer(work, scene.past, hints(scene))

    async def _reply(self, request: Message, found: Answer, outbox: Outbox) -> None:
        offered = PLAN if found.plan else answers(found.options)
        buttons = found.buttons or offered or actions(found.steps, found.assets)
        language, id = request.language, found.id or new_id()
        text = put(found.text or say("I have nothing to say to that."), language)
        buttons = tuple(replace(button, label=put(button.label, language)) for button in buttons)
        said = Message(request.chat, None, text, found.assets, request.id, id, language=language)
        delivery = await self._studio.store.close_turn(said, buttons, found.kind)
        await self._deliver(delivery, outbox)
        if found.id:
            await seating.settled(self._studio, said, found.opens, outbox)

    async def _deliver(self, delivery: Delivery, outbox: Outbox) -> None:
        """Send a stored reply and note that it arrived; it is a row before it is a message."""
        message = delivery.message
        steps = await self._studio.store.steps_of(message.reply_to)
        reply = Reply(delivery.kind, message, delivery.actions, tuple(steps))
        await send(reply, outbox, self._studio.store)

    async def _told(self, wanted: commands.Command, event: Received) -> str:
        message = event.message
        if wanted.name == "cancel":
            return await self._cancelled(message)
        if wanted.name == "queue":
            asker = message.author or NOBODY
            return await queue_notice(self._studio, asker, Turns(*self._turns.standing(message)))
        if wanted.name == "forget":
            return await self._forget(event, wanted.words.lower())
        return await TELLERS.get(wanted.name, TELLERS["help"])(self._studio, event, wanted.words)

    async def _cancelled(self, message: Message) -> str:
        """Drop the plan replied to; else stop what runs; else drop the last plan."""
        if message.reply_to and await approving.dropped(self._studio, message, pointed=True):
            return approving.DROPPED
        if self.cancel(message.chat, message.author):
            return _STOPPING
        if await approving.dropped(self._studio, message, pointed=False):
            return approving.DROPPED
        return say("Nothing of yours is running here.")

    async def _forget(self, event: Received, words: str) -> str:
        chat, user, place = event.message.chat, event.message.author, event.place
        if words not in ("yes", "me"):
            return notices.ERASING
        if words == "yes" and not (place.private or place.admin):
            raise Refused("Only an admin can erase this chat; /forget me erases what is yours.")
        whose = (user or NOBODY) if words == "me" else None
        self.cancel(chat, whose)
        async with self._locks[chat]:
            gone = await self._studio.store.forget(chat, whose)
            await self._studio.assets.erase(gone)
        return notices.forgotten(gone, mine=whose is not None)
