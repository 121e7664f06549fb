"""What a failed answer of a server means."""

import pytest

from tools.compute.refusals import Answer, unknown, wait


@pytest.mark.parametrize(
    ("answer", "tries", "seconds"),
    [
        (Answer(429, "", "7"), 1, 7.0),
        (Answer(429, "", "61"), 1, None),
        (Answer(429, "", "Wed, 21 Oct 2026 07:28:00 GMT"), 2, 2.0),
        (Answer(429, ""), 3, None),
        (Answer(502, ""), 1, 0.5),
        (Answer(502, ""), 2, None),
        (Answer(404, ""), 1, None),
    ],
)
def test_how_long_to_wait(answer: Answer, tries: int, seconds: float | None) -> None:
    assert wait(answer, tries, 0.5) == seconds


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Unrecognized request argument supplied: seed", {"seed"}),  # OpenAI
        ('{"error": {"message": "Unknown parameter: \'top_p\'."}}', {"top_p"}),
        ("{\"detail\":\"Unexpected fields in the request: {'seed', 'top_p'}\"}", {"seed", "top_p"}),
        (
            '{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}',
            {"seed"},
        ),  # pydantic
    ],
)
def test_servers_say_in_many_ways_what_they_do_not_know(body: str, found: set[str]) -> None:
    assert unknown(Answer(422, body), {"seed", "top_p"}) == found


def test_words_of_a_person_are_not_taken_for_fields() -> None:
    assert not unknown(Answer(400, "The prompt 'plant a seed' is too long"), {"seed"})
    assert not unknown(Answer(500, "Unknown parameter: 'seed'"), {"seed"})
    assert unknown(Answer(422, "seedling: Extra inputs are not permitted"), {"seed"}) == set()
