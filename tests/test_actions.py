"""Buttons and what they stand for."""

from dataclasses import replace

from bot.actions import PLAN, actions, answers, command
from memory.records import Asset, Chat, Step, User

ANA, CHAT = User("x", "ana"), Chat("x", "1")
PICTURES = [Asset(str(n), "image/png", 1) for n in range(2)]


def step(tool: str, status: str = "done") -> Step:
    return Step(tool, {}, ANA, CHAT, "turn", status)  # type: ignore[arg-type]


def test_each_picture_has_its_own_buttons_and_a_single_one_needs_no_number() -> None:
    many = [(a.id, a.label) for a in actions([step("draw")], PICTURES)]
    assert ("vary:2", "Vary 2") in many
    assert [i for i, _ in many][-4:] == ["again", "undo", "good", "bad"]
    assert ("upscale:1", "Upscale") in [
        (a.id, a.label) for a in actions([step("draw")], PICTURES[:1])
    ]


def test_what_made_nothing_has_no_buttons_and_an_undo_cannot_be_undone() -> None:
    assert actions([step("draw", "failed")], []) == ()
    assert "undo" not in [a.id for a in actions([step("undo")], PICTURES)]


def test_what_failed_once_begun_can_be_tried_again_and_plans_changed() -> None:
    write, draw = step("write"), replace(step("draw", "failed"), seconds=1.0)
    builds = replace(step("edit", "failed"), seconds=1.0, args={"image": f"step:{draw.id}:1"})
    never = step("speak", "failed")  # it made no sense
    found = [(a.id, a.label) for a in actions([write, draw, builds, never], [])]
    assert found[:4] == [
        ("again", "Again"),
        ("undo", "Undo"),
        ("change", "Change"),
        ("retry:2", "Try 2 again (draw)"),
    ]
    assert "change" not in [a.id for a in actions([write, draw], [])]
    assert "change" not in [a.id for a in actions([step("draw")] * 3, PICTURES)]
    assert [command(a.id) for a in PLAN] == ["/go", "/change", "/cancel"]


def test_a_button_says_what_a_message_would() -> None:
    assert command("vary:2") == "/vary 2"
    assert command("again") == "/again"
    assert command(answers(["the second: blue"])[0].id) == "the second: blue"


def test_a_long_answer_fits_into_64_bytes_and_no_character_is_cut() -> None:
    (button,) = answers(["猫" * 40])
    assert len(button.id.encode()) <= 64
    assert command(button.id) == "猫" * 19
    assert button.label == "猫" * 40
