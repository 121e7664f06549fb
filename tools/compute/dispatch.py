"""Gives the lanes their jobs as the scheduler says, and takes what becomes of them to who waits."""

import asyncio
import logging
from functools import partial

from memory.sentences import say
from tools.catalogue import Model
from tools.compute.book import Book
from tools.compute.devices import able
from tools.compute.lane import Lane, Outcome, WorkerLost
from tools.compute.messages import Cancelled, Done, Failed, Loading, News, Paused, Progress, Run
from tools.compute.scheduler import Scheduler
from tools.compute.tally import Tally
from tools.compute.tickets import Ticket
from tools.compute.waiting import Waiting
from tools.jobs import Note

log = logging.getLogger("atelier.pool")

RETHINK = 0.25
"""Seconds between two looks at least whether what runs in a lane should step aside."""
LOST = 3
"""How often a job's worker may go away through no fault of the job; from then on it is one."""


class Dispatch:
    """Serves lanes, each in a task of its own, and tells everybody their place as it changes."""

    def __init__(self, scheduler: Scheduler, book: Book, patience: float) -> None:
        self._scheduler, self._book, self._patience = scheduler, book, patience
        self.lanes: dict[str, Lane] = {}
        self._missed: dict[str, Lane] = {}
        self.tally = Tally()
        self._announcing: asyncio.Handle | None = None

    async def serve(self, lane: Lane) -> None:
        """Start jobs in a lane: the next when it is idle, else those that may join what runs."""
        running: dict[str, Ticket] = {}
        async with asyncio.TaskGroup() as group:
            while running or not lane.gone:
                lane.wake.clear()
                tickets = self._due(lane, running)
                for ticket in tickets:
                    running[ticket.id] = ticket
                    entry = self._book[ticket.id]
                    self._gather(entry)  # at once, or another lane would take its company
                    group.create_task(self._work(lane, entry, running))
                if not tickets:
                    await lane.wake.wait()
                else:
                    await asyncio.sleep(0)  # it has to be on its way before there is room

    def workers(self, model: Model) -> frozenset[str]:
        """Return who can run a model: those there are, else those that are only missed so far."""
        here, missed = (
            [lane.plan for lane in lanes.values()] for lanes in (self.lanes, self._missed)
        )
        return able(model, here) or able(model, missed)

    def join(self, lane: Lane) -> None:
        """Have a lane served from now on, also by those who wait already."""
        self._missed.pop(lane.name, None)
        self.lanes[lane.name] = lane
        self.rehome()

    def leave(self, name: str) -> Lane:
        """Use a lane no more; its jobs wait for another until it is forgotten."""
        lane = self._missed[name] = self.lanes.pop(name)
        lane.gone = True
        self.rehome()
        return lane

    def forget(self, lane: Lane) -> None:
        """Wait no more for a lane that left, unless it is back: turn away who needs it."""
        if self._missed.get(lane.name) is lane:
            del self._missed[lane.name]
            self._turn_away()
            self._scheduler.retire(lane.name)

    def rehome(self) -> None:
        """Have everybody who waits served by the workers there are now; who has none waits on."""
        for entry in self._book:
            if workers := self.workers(entry.model):
                self._scheduler.rehome(entry.job.id, workers)
        self.moved()

    def _turn_away(self) -> None:
        """End the jobs that wait although no worker there is could run them, with a sentence."""
        for entry in self._book:
            if not self.workers(entry.model) and self.withdraw(entry):
                sentence = say(
                    "All workers that run the model {name} have left; please ask again when one "
                    "is back.",
                    name=entry.model.name,
                )
                for one in entry.everyone:
                    one.settle(Failed(entry.job.id, "ModelUnavailable", sentence))

    def withdraw(self, entry: Waiting) -> bool:
        """Take a job out of the queue; False when it does not wait there."""
        if not self._scheduler.cancel(entry.job.id, asyncio.get_running_loop().time()):
            return False
        self._book.remove(entry)
        self.moved()
        return True

    def moved(self) -> None:
        """Have everybody told their new place, once for all that happens now, and lanes look."""
        if self._announcing is None:
            self._announcing = asyncio.get_running_loop().call_soon(self._announce)
        for lane in self.lanes.values():
            lane.wake.set()

    def close(self) -> None:
        """Tell nobody anything any more."""
        if self._announcing is not None:
            self._announcing.cancel()

    def eta(self, entry: Waiting) -> float | None:
        """Return the seconds left, by the job's own pace once it has one, else by experience."""
        now = asyncio.get_running_loop().time()
        if entry.since is not None and entry.before < entry.done <= entry.total:
            return (now - entry.since) / (entry.done - entry.before) * (entry.total - entry.done)
        return self._scheduler.eta(entry.job.id, now)

    def _due(self, lane: Lane, running: dict[str, Ticket]) -> list[Ticket]:
        """Return what should start now; what runs is asked to step aside when its turn is over."""
        now = asyncio.get_running_loop().time()
        if lane.gone or (running and lane.pausing):
            return []
        if not running:
            first = self._scheduler.next(lane.name, now)
            return [first] if first is not None else []
        if self._scheduler.should_yield(lane.name, now):
            lane.pause()
            return []
        return self._scheduler.join(lane.name, now, next(iter(running.values())), lane.room)

    async def _work(self, lane: Lane, entry: Waiting, running: dict[str, Ticket]) -> None:
        if entry.told < 0:
            entry.tell(Note("queued", 1, self.eta(entry)))
        self.moved()
        try:
            outcome = await lane.perform(self._order(lane, entry), partial(self._hear, lane, entry))
        except WorkerLost as loss:
            self._lost(lane, entry, loss)
        except TimeoutError:
            sentence = say(
                "The model {name} gave no sign of life for {seconds:.0f} s and was stopped.",
                name=entry.model.name,
                seconds=self._patience,
            )
            self._finish(entry, Failed(entry.job.id, "EngineFailed", sentence))
        except Exception:
            log.exception("job %s was lost", entry.job.id)
            form = "The work with the model {name} was lost; the log says why."
            sentence = say(form, name=entry.model.name)
            self._finish(entry, Failed(entry.job.id, "EngineFailed", sentence))
        else:
            self._over(entry, outcome)
        finally:
            running.pop(entry.job.id)
            lane.wake.set()

    def _order(self, lane: Lane, entry: Waiting) -> Run:
        wanted = tuple(self._scheduler.wanted(lane.name))
        # after a crash by itself, so that it takes nobody with it
        return Run(entry.job, entry.model, alone=entry.crashes > 0, wanted=wanted)

    def _gather(self, entry: Waiting) -> None:
        """Take those who wait for exactly the same out of the queue: this is their turn, too."""
        now = asyncio.get_running_loop().time()
        for other in self._book.run(entry):
            if self._scheduler.cancel(other.job.id, now):
                self._book.remove(other)
                entry.company += other.everyone
                other.company = []

    def _lost(self, lane: Lane, entry: Waiting, loss: WorkerLost) -> None:
        """Have a job done again, unless that may be what its workers die of."""
        name = entry.model.name
        log.error("the worker %s of job %s (%s) is lost", lane.name, entry.job.id, name)
        if (lane.gone or not loss.begun) and entry.lost < LOST:
            entry.lost += 1
        else:
            entry.crashes += 1
        if entry.crashes <= 1 and entry.wanted:
            entry.told, entry.since, entry.done, entry.total = -1, None, 0, 0
            self._book.wait(entry)
            self._scheduler.again(entry.job.id, asyncio.get_running_loop().time())
            if lane.gone:
                self.rehome()
            self.moved()
            return
        sentence = say(
            "The model {name} crashed twice at this request, perhaps for want of memory; ask for "
            "less or choose another model.",
            name=name,
        )
        self._finish(entry, Failed(entry.job.id, "EngineFailed", sentence))

    def _over(self, entry: Waiting, outcome: Outcome | Paused) -> None:
        if isinstance(outcome, Paused) and entry.wanted:
            entry.told, entry.since = -1, None
            self._book.wait(entry)
            self._scheduler.pause(entry.job.id, asyncio.get_running_loop().time())
            self.moved()
        elif isinstance(outcome, Paused):
            self._finish(entry, Cancelled(entry.job.id))
        else:
            self._finish(entry, outcome)

    def _finish(self, entry: Waiting, outcome: Outcome) -> None:
        self._book.remove(entry)
        seconds, now = None, asyncio.get_running_loop().time()
        if isinstance(outcome, Done):
            seconds = outcome.seconds
            self.tally.computed(entry.job, entry.waits(now), seconds, now)
        self._scheduler.finished(entry.job.id, now, seconds)
        for one in entry.everyone:
            one.settle(outcome)
        self.moved()

    def _hear(self, lane: Lane, entry: Waiting, news: News) -> None:
        if isinstance(news, Loading):
            entry.tell(Note("loading"))
        elif isinstance(news, Progress):
            if entry.since is None:
                entry.since, entry.before = asyncio.get_running_loop().time(), news.done
                entry.began = entry.began or entry.since
                self._scheduler.started(entry.job.id, entry.since)
            entry.done, entry.total = news.done, news.total
            entry.tell(Note("running", 0, self.eta(entry), news.done, news.total, news.preview))
            now = asyncio.get_running_loop().time()
            if now >= lane.rethink:
                lane.rethink = now + RETHINK
                lane.wake.set()  # what runs may have had enough

    def _announce(self) -> None:
        self._announcing = None
        for job in self._scheduler.changes(asyncio.get_running_loop().time()):
            entry = self._book[job.id]
            entry.told = job.position
            entry.tell(Note("queued", job.position, job.eta))
