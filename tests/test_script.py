"""What a script may write in one line."""

import pytest

from bot.adapters.console.script import Line, parse
from bot.adapters.console.stdin import LONGEST_LINE
from tools.errors import Refused


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"draw a cat\r", "draw a cat"),
        ("\ufeff画一只猫".encode(), "画一只猫"),
        (b"[1]", "[1]"),
        (b'"x"', '"x"'),
        (b"123", "123"),
        (b"", ""),
    ],
)
def test_what_is_no_json_object_is_plain_text(raw: bytes, text: str) -> None:
    assert parse(raw) == Line(text)


def test_an_object_says_who_speaks_about_what() -> None:
    raw = (
        b' {"text": "hi", "user": "ana", "reply_to": "1", "attachments": ["a.png"], "press": null}'
    )
    assert parse(raw) == Line("hi", "ana", "1", ("a.png",))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\xff\xfe\x00", "not text"),
        (b"draw\x00", "not text"),
        (b"{bad", "starts like JSON"),
        (b"{" * 100_000, "starts like JSON"),
        (b'{"txt": "hi"}', "no field 'txt'"),
        (b'{"text": 5}', "must be strings"),
        (b'{"user": ["x"]}', "must be strings"),
        (b'{"user": "%s"}' % (b"x" * 101), "at most 100"),
        (b'{"attachments": "a.png"}', "list of at most 10"),
        (b'{"attachments": [%s"a"]}' % (b'"a",' * 10), "list of at most 10"),
        (b'{"attachments": [1]}', "must be strings"),
        (rb'{"text": "\ud800"}', "UTF-8"),
        (rb'{"attachments": ["a\u0000"]}', "UTF-8"),
        (b"x" * (LONGEST_LINE + 1), "too long"),
    ],
)
def test_a_bad_line_is_one_sentence(raw: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        parse(raw)
