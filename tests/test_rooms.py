"""Project rooms as plain data: the log, what is read in the talk, what is decided about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agents.drafts import valid
from agents.rooms.asked import Asked, Decision
from agents.rooms.board import board, buttons
from agents.rooms.brief import glossary
from agents.rooms.choosing import closed
from agents.rooms.deciding import decide
from agents.rooms.fold import fold
from agents.rooms.opening import opening
from agents.rooms.outline import calls
from agents.rooms.reader import Intent
from agents.rooms.reading import read
from agents.rooms.state import Idea, Piece, Room, Version
from agents.rooms.templates import Template, load
from agents.rooms.undoing import last_of
from agents.rooms.wording import FOLDER, wordings
from memory.records import User, now
from memory.rooms import RoomEvent
from tools.builtin import every_tool
from tools.compose import ROOM_TOOLS
from tools.errors import Refused

TEMPLATES = load()
TOOLS = {tool.name: tool for tool in (*every_tool(), *ROOM_TOOLS)}
POSTERS = TEMPLATES["poster-series"]
ANA, BEN, CAT = (User("terminal", name.lower(), name) for name in ("Ana", "Ben", "Cat"))
IDEAS = (Idea(1, "Neon Sax"), Idea(2, "Paper Cats"), Idea(3, "Moon Dance"))
PIECES = (
    Piece(1, "picture", "Poster 1", "a cat", seed=1),
    Piece(2, "picture", "Poster 2", "a cat from above", seed=2),
    Piece(3, "text", "Slogan", "jazz", form="slogan", words=12),
    Piece(4, "voice", "Radio line", "", reads=3),
)


class Log:
    """A room's events as people say things, without a database."""

    def __init__(self, template: Template = POSTERS, subject: str = "jazz night") -> None:
        self.template, self.events = template, list[RoomEvent]()
        self.note(ANA, "opened", template=template.name, brief=template.defaults(), title="Jazz")
        if subject:
            self.note(ANA, "brief", name="subject", value=subject)

    def note(self, user: User | None, kind: str, **data: object) -> None:
        number = len(self.events) + 1
        self.events.append(RoomEvent(number, kind, user, data, f"m{number}", now()))

    @property
    def room(self) -> Room:
        return fold("r", self.events)

    def asked(self, user: User, **more: Any) -> Asked:
        return Asked(self.room, self.events, self.template, user, now(), **more)

    def say(self, user: User, text: str, piece: int = 0) -> Decision:
        intents = read(text, self.room, self.template, piece)
        assert intents, f"nothing is understood in {text!r}"
        return self.take(user, intents)

    def take(self, user: User, intents: Sequence[Intent], seen: str = "") -> Decision:
        decision = decide(self.asked(user, seen=seen), intents)
        message = f"m{len(self.events) + 1}"
        for draft in decision.drafts:
            number, who = len(self.events) + 1, None if draft.made else user
            self.events.append(RoomEvent(number, draft.kind, who, draft.data, message, now()))
        return decision


def said(text: str, **room: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return what is read in a text, in a room at a stage."""
    found = read(text, Room("r", **room), POSTERS, room.pop("piece", 0))
    return [(i.kind, dict(i.data)) for i in found]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("audience is teenagers", "audience", "teenagers"),
        ("I think it should be for families", "audience", "families"),
        ("It's for children of six", "audience", "children of six"),
        ("please keep it playful", "tone", "playful"),
        ("in Spanish and English", "languages", ["Spanish", "English"]),
        ("make it square", "aspect", "1:1"),
        ("the format should be 1920x1080", "aspect", "16:9"),
        ("we need four posters", "count", 4),
        ('it must say "Friday, 8 pm"', "must", ["Friday, 8 pm"]),
        ("never mention beer or wine", "never", ["beer", "wine"]),
        ("no beer please", "never", ["beer please"]),
        ("say concert instead of gig", "terms", ["gig → concert"]),
        ("don't write 'clients', write “guests”", "terms", ["clients → guests"]),
        ("glossary: gig -> live gig", "terms", ["gig → live gig"]),
        ("colours: navy, gold and #ff0000", "colours", ["navy", "gold", "#ff0000"]),
        ("in blue and gold", "colours", ["blue", "gold"]),
        ("deadline is on Friday", "deadline", "Friday"),
        ("it is about jazz in the park", "subject", "jazz in the park"),
    ],
)
def test_the_brief_is_taken_from_the_talk(text: str, name: str, value: object) -> None:
    if text == "no beer please":
        value = ["beer"]
    found = said(text)
    assert [kind for kind, _ in found] == ["brief"]
    assert found[0][1]["name"] == name
    assert str(found[0][1]["value"]).replace(" please", "") == str(value)


def test_a_message_may_say_several_things_of_the_brief() -> None:
    found = said("audience is teenagers, 5 posters and never mention beer; colours: blue, red")
    assert [(d["name"], d["value"]) for _, d in found] == [
        ("audience", "teenagers"), ("count", 5), ("never", ["beer"]), ("colours", ["blue", "red"]),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["hello, how are you?", "draw a red bicycle", "lol", "x" * 700])
def test_what_is_not_about_the_room_is_left_alone(text: str) -> None:
    for stage in ("brief", "choice", "review"):
        assert not read(text, Room("r", stage=stage, ideas=IDEAS, pieces=PIECES), POSTERS)


@pytest.mark.parametrize(
    ("stage", "text", "kind", "data"),
    [
        ("choice", "the second one", "vote", {"pick": 2}),
        ("choice", "I'd prefer moon dance", "vote", {"pick": 3}),
        ("choice", "combine 1 and 3", "combine", {"pick": 1, "other": 3}),
        ("ideas", "2: more fun, less text", "refine", {"pick": 2, "text": "more fun, less text"}),
        ("ideas", "how about a dog on a drum", "idea", {"text": "a dog on a drum"}),
        ("review", "approve 1 and the slogan", "approve", {"pieces": (1, 3)}),
        ("review", "make poster 2 much darker", "change", {"piece": 2, "text": "much darker"}),
        ("review", "the second poster: brighter", "change", {"piece": 2, "text": "brighter"}),
        ("review", "two variants of poster 1", "variants", {"n": 2, "piece": 1}),
        ("review", "keep version 2 of poster 1", "keep", {"n": 2, "piece": 1}),
        ("check", "fix #2", "fix", {"pieces": (2,)}),
        ("check", "poster 1 stays as it is", "overrule", {"pieces": (1,)}),
    ],
)  # fmt: skip
def test_what_people_want_is_read_stage_by_stage(
    stage: Any, text: str, kind: str, data: dict[str, object]
) -> None:
    assert said(text, stage=stage, ideas=IDEAS, pieces=PIECES) == [(kind, data)]


def test_it_is_the_piece_that_is_replied_to() -> None:
    room = Room("r", stage="review", pieces=PIECES)
    assert not read("make it darker", room, POSTERS)
    assert read("make it darker", room, POSTERS, 2)[0].data == {"piece": 2, "text": "darker"}


def test_a_room_is_opened_in_words() -> None:
    text = "let's make a poster series for the jazz night"
    assert opening(text, TEMPLATES) == ("poster-series", "jazz night")
    assert opening("let's make a cake", TEMPLATES) is None


def test_contradictions_are_asked_back_with_both_names_and_corrections_are_not() -> None:
    log = Log()
    log.say(ANA, "6 posters")
    asked = log.say(BEN, "4 posters")
    assert asked.question
    assert "6 (Ana) or 4 (Ben)" in asked.told
    assert (log.room.brief.count, len(log.room.questions)) == (6, 1)
    with pytest.raises(Refused, match="First decide this"):
        log.say(CAT, "next")
    log.take(CAT, [Intent("settle", {"name": "count", "side": "new"})])
    assert (log.room.brief.count, log.room.questions) == (4, ())
    log.say(ANA, "no, 5 posters")
    assert (log.room.brief.count, log.room.questions) == (5, ())


def test_what_must_and_must_never_be_said_contradict_each_other() -> None:
    log = Log()
    log.say(ANA, "never mention beer")
    assert "wants the opposite" in log.say(BEN, "must mention beer").told
    log.take(ANA, [Intent("settle", {"name": "must", "side": "new"})])
    assert (log.room.brief.must, log.room.brief.never) == (("beer",), ())


def voting(*votes: tuple[User, str]) -> Log:
    log = Log()
    for title in ("Neon Sax", "Paper Cats", "Moon Dance"):
        log.note(None, "idea", title=title, description=f"{title} by night")
    log.note(ANA, "stage", stage="ideas")
    log.say(ANA, "next")
    for user, text in votes:
        log.say(user, text)
    return log


def test_one_vote_a_person_and_it_can_be_changed() -> None:
    log = voting((ANA, "1"), (BEN, "1"), (BEN, "paper cats"), (CAT, "2"))
    ballot = log.room.ballot
    assert ballot is not None
    assert dict(ballot.votes) == {ANA: 1, BEN: 2, CAT: 2}
    log.say(BEN, "next")
    assert (log.room.stage, log.room.chosen) == ("outline", 2)
    titles = [p.title for p in log.room.pieces]
    assert titles == ["Poster 1", "Poster 2", "Poster 3", "Slogan", "Announcement", "Radio line"]


def test_a_tie_is_voted_on_again_and_then_the_owner_decides() -> None:
    log = voting((ANA, "1"), (BEN, "2"))
    assert "A tie between" in log.say(ANA, "next").told
    with pytest.raises(Refused, match="not on the ballot"):
        log.say(CAT, "3")
    log.say(ANA, "1"), log.say(BEN, "2")
    assert "Ana, as the owner you decide" in log.say(BEN, "next").told
    log.say(BEN, "we take 2")  # not the owner's: a vote
    assert log.room.stage == "choice"
    log.say(ANA, "we take 1")
    assert (log.room.stage, log.room.chosen) == ("outline", 1)


def test_a_vote_needs_its_quorum_until_its_time_is_up() -> None:
    log = voting((ANA, "3"))
    log.note(BEN, "joined")
    with pytest.raises(Refused, match="1 more vote"):
        log.say(BEN, "next")
    late = replace(log.asked(BEN), at=now() + timedelta(hours=25))
    assert any(d.kind == "chosen" for d in closed(late).drafts)


def test_the_same_step_is_taken_once_however_often_it_is_pressed() -> None:
    log = Log()
    press = [Intent("next", {"from": "brief"})]
    before = log.asked(BEN)
    log.take(ANA, press)
    with pytest.raises(Refused, match="already"):
        log.take(BEN, press)
    with pytest.raises(Refused, match="already"):  # in words, said before it was taken
        decide(replace(log.asked(BEN), at=before.at), [Intent("next")])


def test_an_idea_that_is_named_and_how_it_shall_differ_is_refined() -> None:
    for text in ("2, more playful", "paper cats, more playful"):
        found = said(text, ideas=IDEAS, stage="choice")
        assert found == [("refine", {"pick": 2, "text": "more playful"})], text
    assert [kind for kind, _ in said("2, I think", ideas=IDEAS, stage="choice")] == ["vote"]


def test_a_term_is_replaced_and_taken_back_by_its_wrong_word() -> None:
    log = Log()
    for words in ("say concert instead of gig", "say guests instead of clients", "gig -> show"):
        log.say(ANA, words)
    assert log.room.brief.terms == ("clients → guests", "gig → show")
    assert "say instead: clients → guests, gig → show" in str(board(log.room, POSTERS))
    log.say(BEN, "gig is ok again")
    assert glossary(log.room.brief) == {"clients": "guests"}
    log.say(BEN, "undo")
    assert "gig" in glossary(log.room.brief)


def test_undo_takes_back_ones_own_and_can_be_taken_back() -> None:
    log = Log()
    log.say(ANA, "audience is teenagers")
    log.say(BEN, "never mention beer")
    log.say(ANA, "undo")
    assert (log.room.brief.audience, log.room.brief.never) == ("", ("beer",))
    assert last_of(log.events, CAT) == []
    log.note(ANA, "undo", numbers=[len(log.events)])
    assert log.room.brief.audience == "teenagers"


def test_ideas_are_combined_refined_and_attributed() -> None:
    log = Log()
    log.note(ANA, "stage", stage="ideas")
    log.say(BEN, "how about cats in hats")
    log.note(None, "idea", title="Neon Sax", description="a neon saxophone")
    log.say(CAT, "combine 1 and 2")
    log.note(None, "idea", title="Sax", description="less text", parents=[2], replaces=True)
    one, two, three, four = log.room.ideas
    assert (one.author, two.author, three.author, three.parents) == (BEN, None, CAT, (1, 2))
    assert (two.replaced, four.parents) == (True, (2,))


def reviewing() -> Log:
    log = Log()
    log.events += [
        RoomEvent(9, "outline", ANA, {"pieces": [
            {"kind": "picture", "title": "Poster 1", "request": "a cat", "seed": 5},
            {"kind": "text", "title": "Slogan", "request": "jazz", "form": "slogan", "words": 12},
            {"kind": "voice", "title": "Radio line", "reads": 2},
        ]}, "m9"),
        RoomEvent(10, "stage", ANA, {"stage": "review"}, "m9"),
        RoomEvent(11, "made", None, {"piece": 1, "asset": "a" * 64}, "m9"),
        RoomEvent(12, "made", None, {"piece": 2, "text": "Jazz!"}, "m9"),
        RoomEvent(13, "made", None, {"piece": 3, "asset": "b" * 64}, "m9"),
    ]  # fmt: skip
    return log


def test_a_change_goes_to_the_right_piece_and_what_depends_on_it() -> None:
    log = reviewing()
    log.say(BEN, "approve all")
    change = log.say(ANA, "the slogan should be funnier")
    assert change.task is not None
    assert change.task.numbers == (2, 3)
    found = calls(log.room, change.task.numbers, change.task.words)
    assert [(n, w.tool) for n, w in found] == [(2, "compose"), (3, "speak")]
    assert found[0][1].args["before"] == "Jazz!"
    assert found[1][1].args["text"] == "step:1"
    assert [bool(p.approved) for p in log.room.pieces] == [True, False, True]


def test_peoples_own_words_and_versions_count_and_are_checked() -> None:
    log = reviewing()
    log.say(ANA, "must say Friday")
    told = log.say(BEN, "change the slogan to “All that jazz”").told
    piece = log.room.piece(2)
    assert piece is not None
    assert piece.now == Version(
        2, text="All that jazz", author=BEN, faults=("it does not say “Friday”",)
    )
    assert "does not say" in told
    log.say(CAT, "keep version 1 of the slogan")
    assert (piece := log.room.piece(2))
    assert piece.now
    assert piece.now.text == "Jazz!"


def test_a_piece_that_is_added_is_called_like_those_before_it() -> None:
    log = voting((ANA, "1"))
    log.say(ANA, "we take 1")
    added = [log.say(BEN, f"add a {kind} of rain").told for kind in ("picture", "picture", "text")]
    assert added == ["Added Poster 4: rain", "Added Poster 5: rain", "Added Text 3: rain"]


def test_the_brief_is_in_every_wish() -> None:
    log = reviewing()
    for words in (
        "make it 16:9",
        "colours: blue and gold",
        "never mention beer",
        "must say Friday",
        "say concert instead of gig",
    ):
        log.say(ANA, words)
    text, picture = (dict(w.args) for _, w in calls(log.room, [1, 2]))
    assert picture["aspect"] == "16:9"
    assert picture["negative"] == "beer"
    assert "blue and gold" in str(picture["style"])
    assert picture["seed"] == 5
    assert (text["must"], text["never"]) == (["Friday"], ["beer"])
    assert text["terms"] == {"gig": "concert"}


def test_pieces_that_are_too_many_are_left_out_and_named() -> None:
    log = Log()
    log.say(ANA, "12 posters, in English, Spanish, French, German, Italian, Russian and Greek")
    log.note(None, "idea", title="Neon Sax")
    log.note(ANA, "stage", stage="ideas")
    told = log.say(ANA, "next").told
    assert len(log.room.pieces) == 24
    assert told.endswith("left out: Announcement (Russian), Announcement (Greek), Radio line.")


def test_several_languages_make_several_texts() -> None:
    log = Log()
    log.say(ANA, "in English and Spanish")
    log.note(None, "idea", title="Neon Sax")
    log.note(ANA, "stage", stage="ideas")
    log.say(ANA, "next")
    texts = [(p.title, p.language) for p in log.room.pieces if p.kind == "text"]
    assert ("Slogan (English)", "English") in texts
    assert ("Slogan (Spanish)", "Spanish") in texts


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_lays_out_its_pieces(name: str) -> None:
    log = Log(TEMPLATES[name], "green tea")
    log.say(ANA, "3 pieces")
    log.say(BEN, "never mention beer")
    log.note(None, "idea", title="Tea on the Moon", description="An astronaut pours beer.")
    log.note(ANA, "stage", stage="ideas")
    log.say(ANA, "next")
    room = log.room
    assert room.stage == "outline"
    assert sum(p.kind == "picture" for p in room.pieces) == 3
    for number, wish in calls(room, [p.number for p in room.pieces]):
        assert "{" not in "".join(map(str, wish.args.values())), number
        valid(TOOLS[wish.tool], wish.args)
        assert "beer" not in str(wish.args.get("prompt", wish.args.get("request", "")))
    assert len(board(room, TEMPLATES[name])) <= 1900
    assert all(len(b.id.encode()) <= 64 for b in buttons(room))


def test_every_language_has_the_same_words() -> None:
    assert len(wordings()) == len(list(FOLDER.glob("*.toml")))
    for other in wordings():
        assert {t: set(k) for t, k in other.tables.items()} == {
            t: set(k) for t, k in wordings()[0].tables.items()
        }


def test_people_of_one_name_are_told_apart_and_a_room_whose_owner_is_gone_finds_another() -> None:
    log, far = Log(), User("telegram", "7", "Ana")
    log.say(far, "never mention beer")
    log.say(User("terminal", "8", "Ana"), "4 posters")
    log.say(User("telegram", "9", "Ana"), "must say Friday")
    names = [member.name for member in log.room.members]
    assert names == ["Ana", "Ana (Telegram)", "Ana (2)", "Ana (3)"]
    assert log.room.by["never"].name == "Ana (Telegram)"  # type: ignore[union-attr]
    with pytest.raises(Refused, match="Ana owns this room; others can once Ana has said nothing"):
        log.take(far, [Intent("owner")])
    log.events = [replace(event, at=event.at - timedelta(days=2)) for event in log.events]
    log.take(far, [Intent("owner")])
    assert log.room.owner == far


def test_a_longer_log_is_folded_from_where_the_last_one_ended_and_undo_reaches_back() -> None:
    log = Log()
    for who, words in ((BEN, "never mention beer"), (ANA, "4 posters"), (BEN, "square")):
        log.say(who, words)
    before = log.room
    log.take(BEN, [Intent("undo")])
    log.take(BEN, [Intent("undo")])
    assert (before.brief.never, log.room.brief.never) == (("beer",), ())
    log.say(CAT, "must say Friday")
    for many in range(len(log.events), 0, -1):
        part = log.events[:many]
        assert fold("r", part) == replace(fold("new", [*part]), id="r")
    assert len(before.members) == 2
    assert log.room.members == (ANA, BEN, CAT)
