"""Signals end the program in good order, and Ctrl-C may be lent to a request."""

import asyncio
import os
import signal

import pytest

from bot.signals import Signals, run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_the_program_and_says_so_in_its_status(number: int) -> None:
    cleaned = []

    async def main(signals: Signals) -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            signals.stop(number)  # a second one changes nothing
            await asyncio.sleep(0)
            cleaned.append("up")
        return 0

    assert run(main) == 128 + number
    assert cleaned == ["up"]


def test_ctrl_c_goes_to_whoever_asked_for_it() -> None:
    async def main(signals: Signals) -> int:
        heard = asyncio.Event()
        signals.pressed = heard.set
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(heard.wait(), 5)
        return 7

    assert run(main) == 7


def test_what_breaks_in_the_program_is_raised() -> None:
    async def main(signals: Signals) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)
