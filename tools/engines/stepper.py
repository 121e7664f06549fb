"""Many drawings at once: what their pipelines wait for is computed in common."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tools.engines.knee import Knee
from tools.engines.passes import Call, together
from tools.engines.sessions import Drawing
from tools.errors import ToolError
from tools.jobs import Adapter

log = logging.getLogger(__name__)


class Stepper:
    """Advances drawings; a forward pass holds as many rows as pay, or as fit into the memory.

    `batch` fixes how many pictures share a pass; 0 has it measured. A pass that finds no memory
    is made in halves. What breaks a drawing is kept in its strand. `switch` puts the adapters of
    a pass in force.
    """

    def __init__(
        self,
        device: str,
        batch: int = 0,
        switch: Callable[[tuple[Adapter, ...]], None] = lambda adapters: None,
    ) -> None:
        self._device, self._batch, self._switch = device, batch, switch
        self.knee = Knee()

    def begin(self, drawing: Drawing) -> None:
        """Run a new drawing up to its first step (blocks)."""
        drawing.strand.start()
        while drawing.strand.question is not None and drawing.strand.question.kind == "prepare":
            self._answer([drawing])

    def step(self, drawings: Sequence[Drawing]) -> None:
        """Make one denoising step of each drawing that is not finished (blocks)."""
        goals = {drawing: drawing.steps + 1 for drawing in drawings}
        waiting = [drawing for drawing in drawings if not drawing.finished]
        while waiting:  # with guidance some pipelines call their model twice in a step
            self._answer(waiting)
            waiting = [d for d in waiting if not d.finished and d.steps < goals[d]]

    def finish(self, drawings: Sequence[Drawing]) -> None:
        """Run drawings to their very end, decoding them together (blocks)."""
        while waiting := [drawing for drawing in drawings if not drawing.strand.ended]:
            self._answer(waiting)

    def room(self, drawings: Sequence[Drawing]) -> int:
        """Return how many more drawings it is worth to have under way beside these."""
        calls = [d.strand.question for d in drawings if d.strand.question is not None]
        if self._batch:
            return max(0, self._batch - len(calls))
        if not calls:
            return 1
        last = calls[-1]
        if last.layout is None:  # nothing is shared, so one after the other is best
            return 0
        free = self.knee.room(last.key) - sum(one.rows for one in calls)
        return max(0, free // last.rows)

    def _answer(self, drawings: Sequence[Drawing]) -> None:
        groups: dict[object, list[Drawing]] = {}
        for drawing in drawings:
            groups.setdefault(_call(drawing).key, []).append(drawing)
        for group in groups.values():
            for part in self._parts(group):
                self._pass(part)

    def _parts(self, group: list[Drawing]) -> Iterator[list[Drawing]]:
        """Cut what could share a pass into passes of at most the knee's rows."""
        first = _call(group[0])
        if first.layout is None:
            yield group
            return
        cap = self._batch * first.rows if self._batch else self.knee.cap(first.key)
        part: list[Drawing] = []
        for drawing in group:
            rows = sum(_call(other).rows for other in part)
            if part and rows + _call(drawing).rows > cap:
                yield part
                part = []
            part.append(drawing)
        yield part

    def _pass(self, part: list[Drawing]) -> None:
        calls = [_call(drawing) for drawing in part]
        answers = self._compute(calls)
        if isinstance(answers, MemoryError) and len(part) > 1:
            self.knee.shrink(calls[0].key, sum(one.rows for one in calls))
            middle = len(part) // 2
            self._pass(part[:middle])
            self._pass(part[middle:])
            return
        for place, drawing in enumerate(part):
            if isinstance(answers, Exception):
                drawing.strand.throw(answers)
            else:
                drawing.strand.answer(answers[place])

    def _compute(self, calls: list[Call]) -> list[Any] | Exception:
        """Return the answers, or what went wrong; by then the frames that held memory are gone."""
        import torch

        key, rows = calls[0].key, sum(one.rows for one in calls)
        timed = calls[0].layout is not None and self.knee.curious(key, rows)
        try:
            with torch.no_grad():
                if calls[0].adapters is not None:
                    self._switch(calls[0].adapters)
                self._wait(timed)
                start = time.perf_counter()
                answers = together(calls)
                self._wait(timed)
        except (torch.OutOfMemoryError, MemoryError) as error:
            log.warning("no memory for %d rows at once", rows)
            return MemoryError(str(error))
        except Exception as error:
            told = isinstance(error, ToolError) and error.__cause__ is None  # it says it all
            log.error("a pass of %d rows broke: %s", rows, error, exc_info=not told)
            return error
        if timed:
            self.knee.learn(key, rows, time.perf_counter() - start)
        if calls[0].layout is not None:
            self.knee.count(key)
        return answers

    def _wait(self, timed: bool) -> None:
        """Let the device finish what it was given, where the time matters."""
        if timed and self._device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self._device)


def _call(drawing: Drawing) -> Call:
    question = drawing.strand.question
    assert question is not None
    return question
