"""Positions and times that are told while the queue moves, cheap however long it is.

The queue is played forward now and then; in between, what left and what came is counted in.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tools.compute.affinity import Device
from tools.compute.costs import Costs
from tools.compute.fairness import Lane
from tools.compute.forecast import Experience, Place, Worker, play
from tools.compute.tickets import Entry

NEAR = 5
"""Up to this position every change is told at once; farther, only material ones, now and then."""
_SHORT = 64  # waiting jobs up to which the queue is played again at every change: below 1 ms
_MATERIAL = 0.1  # part of a position
_INTERVAL = 1.0  # seconds between two tellings or plays at least, where the queue is longer
_PART = 0.5  # of the waiting jobs that came or went, after which it is played again
_OLD = 60.0  # seconds after which it is played again in any case; more by the next
_OLD_EACH = 0.02  # seconds more for each that waits


@dataclass(slots=True)
class _Played:
    """One lane as last played, and what has changed since; `start` is the first not yet gone."""

    at: float
    places: list[Place]
    index: dict[str, int]
    tags: list[float]
    start: int = 0
    moves: int = 0
    removed: list[int] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    newcomers: dict[str, float] = field(default_factory=dict)

    def remove(self, id: str) -> None:
        """Note that a job waits no longer."""
        if (index := self.index.pop(id, None)) is not None:
            insort(self.removed, index)
        elif (tag := self.newcomers.pop(id, None)) is not None:
            del self.added[bisect_left(self.added, tag)]

    def add(self, id: str, tag: float) -> None:
        """Note the tag of a job that came since, once."""
        if id not in self.newcomers:
            self.newcomers[id] = tag
            insort(self.added, tag)

    def place(self, number: int, now: float) -> Place:
        """Return where the job with this number in the play stands by now."""
        then = self.places[number]
        position = then.position - bisect_left(self.removed, number)
        position += bisect_left(self.added, then.tag)
        eta = None if then.eta is None else max(then.entry.left, then.eta - (now - self.at))
        return Place(then.entry, position if position > 1 else 1, eta, then.tag)

    def first(self, most: int, now: float) -> Iterator[Place]:
        """Yield the places of the first of those who still wait."""
        places, index = self.places, self.index
        while self.start < len(places) and places[self.start].entry.ticket.id not in index:
            self.start += 1
        for number in range(self.start, min(self.start + most, len(places))):
            if places[number].entry.ticket.id in index:
                yield self.place(number, now)


class Places:
    """Answers where a waiting job stands, and which jobs' places have changed materially."""

    def __init__(self, devices: Mapping[str, Device], costs: Costs, warp: float) -> None:
        self._devices, self._costs, self._warp = devices, costs, warp
        self.experience = Experience()
        self._played: dict[int, _Played] = {}
        self._fresh: dict[Entry, Lane] = {}
        self._dirty: dict[int, Lane] = {}

    def came(self, entry: Entry, lane: Lane) -> None:
        """Say that a job now waits."""
        self._fresh[entry] = lane
        self.moved(lane)

    def went(self, entry: Entry, lane: Lane) -> None:
        """Say that a job waits no longer."""
        self._fresh.pop(entry, None)
        self.moved(lane)
        if (played := self._played.get(id(lane))) is not None:
            played.remove(entry.ticket.id)

    def moved(self, lane: Lane) -> None:
        """Say that something about a lane has changed."""
        self._dirty[id(lane)] = lane
        if (played := self._played.get(id(lane))) is not None:
            played.moves += 1

    def absorbed(self, lane: Lane, other: Lane) -> None:
        """Say that a lane took over another."""
        for gone in (lane, other):
            self._played.pop(id(gone), None)
            self._dirty.pop(id(gone), None)
        self._fresh = {e: lane if of is other else of for e, of in self._fresh.items()}
        self._dirty[id(lane)] = lane

    def line(self, lane: Lane, now: float) -> list[Place]:
        """Play a lane forward (O(n log n)) and return all places, corrected by experience."""
        for worker in lane.workers:
            self._devices[worker].settle(now)
        correct = self.experience.correct
        places = [
            Place(entry, position, None if eta is None else correct(eta, entry, position), tag)
            for tag, entry, position, eta in play(lane, self._devices, self._costs, self._warp)
        ]
        index = {place.entry.ticket.id: number for number, place in enumerate(places)}
        self._played[id(lane)] = _Played(now, places, index, [p.tag for p in places])
        return places

    def place(self, entry: Entry, lane: Lane, now: float) -> Place:
        """Return where a waiting job stands (O(log n) between two plays)."""
        played = self._current(lane, now)
        number = played.index.get(entry.ticket.id)
        if number is not None:
            return played.place(number, now)
        return self._between(entry, lane, played, now)

    def changes(self, now: float) -> list[Place]:
        """Return the places worth telling: new ones, near ones that moved, far ones at times."""
        lanes, self._dirty = self._dirty, {}
        fresh, self._fresh = self._fresh, {}
        worth: list[Place] = []
        for key, lane in lanes.items():
            before = self._played.get(key)
            played = self._current(lane, now)
            places = played.first(NEAR, now) if played is before else played.places
            worth += [p for p in places if p.entry not in fresh and _worth_telling(p, now)]
        for entry, lane in fresh.items():
            place = self.place(entry, lane, now)
            worth.append(place)
            self._promise(place, now)
        for place in worth:
            place.entry.told = (place.position, now)
        return worth

    def done(self, entry: Entry, now: float) -> None:
        """Learn from the promise a job was given, now that it is done."""
        if entry.promised is not None:
            self.experience.learn(entry, now - entry.promised[0])

    def _promise(self, place: Place, now: float) -> None:
        if place.eta is not None and place.entry.promised is None:
            place.entry.promised = (now, place.eta, place.position)

    def _current(self, lane: Lane, now: float) -> _Played:
        """Return the last play, or a new one: at once for a short queue, else now and then."""
        played = self._played.get(id(lane))
        if played is not None and not self._outdated(played, len(lane.waiting), now):
            return played
        self.line(lane, now)
        return self._played[id(lane)]

    def _outdated(self, played: _Played, count: int, now: float) -> bool:
        age = now - played.at
        if count <= _SHORT or age >= _OLD + _OLD_EACH * count:
            return played.moves > 0
        return played.moves > _PART * count and age >= _INTERVAL

    def _between(self, entry: Entry, lane: Lane, played: _Played, now: float) -> Place:
        """Place a job that came after the last play, by its tag."""
        flow, age = lane.flows[entry.ticket.user], now - played.at
        ahead = entry.urgent and max(lane.borrowed, flow.borrowed) < self._warp
        before = 0.0 if entry.urgent else (flow.backlog - entry.left) / flow.weight
        tag = flow.tag + before - self._warp * ahead
        number = bisect_right(played.tags, tag)
        position = number - bisect_left(played.removed, number) + bisect_left(played.added, tag)
        position = max(1, position + 1)
        eta: float | None
        if number:
            waits = played.places[number - 1].eta
            eta = None if waits is None or not entry.known else max(0.0, waits - age) + entry.left
        else:
            eta = self._at_once(entry, now)
        played.add(entry.ticket.id, tag)
        return Place(entry, position, eta, tag)

    def _at_once(self, entry: Entry, now: float) -> float | None:
        """Return the eta of a job that is the next."""
        for name in entry.workers:
            self._devices[name].settle(now)
        workers = [Worker(self._devices[name], self._costs) for name in sorted(entry.workers)]
        first = min(workers, key=lambda w: w.soon if entry.urgent else w.free)
        eta = first.book(entry, entry.left, ahead=entry.urgent)
        return None if eta is None else self.experience.correct(eta, entry, 1)


def _worth_telling(place: Place, now: float) -> bool:
    if place.entry.told is None:
        return True
    position, at = place.entry.told
    moved = abs(place.position - position)
    if place.position <= NEAR:
        return moved > 0
    return moved > _MATERIAL * position and now - at >= _INTERVAL
