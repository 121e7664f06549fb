"""What cannot be done is said, and talk stays talk."""

import pytest

from agents.models.beyond import beyond


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("make a video of a cat", "I cannot do that."),
        ("can you book a flight to Berlin?", "I cannot do that."),
        ("send an email to Bob", "I cannot do that."),
        ("compose a song about the sea", "I cannot do that."),
        ("what is the weather in Paris?", "I cannot do that."),
        ("mach ein Video von einer Katze", "Das kann ich nicht."),
        ("做一个视频", "这个我做不到。"),
    ],
)
def test_requests_beyond_it(text: str, sentence: str) -> None:
    assert beyond(text).startswith(sentence)


@pytest.mark.parametrize(
    "text",
    ["good morning", "I love music", "we watched a movie", "thanks, great", "你好", "makes sense"],
)
def test_talk(text: str) -> None:
    assert beyond(text) == ""
