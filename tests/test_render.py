"""Replies as platforms take them."""

from bot.adapter import Reply
from bot.render import alt, file_name, rows, shortened, split, units
from memory.records import Action, Asset, Message, Step
from tests.rooms import ANA, CHAT


def test_a_text_is_cut_where_it_reads_well() -> None:
    first, second = "One sentence. " * 5, "Another one, as long as that was before. " * 3
    text = f"{first.strip()}\n\n{second.strip()}"
    pieces = split(text, 100)
    assert pieces[0] == first.strip()
    assert all(piece.endswith(".") for piece in pieces)
    assert all(units(piece) <= 100 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert split("short", 100) == ["short"]
    assert split("", 100) == []


def test_a_text_without_a_place_to_cut_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in split("x" * 250, 100)] == [100, 100, 50]
    smiles = "😀" * 120
    pieces = split(smiles, 100)
    assert [len(piece) for piece in pieces] == [50, 50, 20]
    assert all(units(piece) <= 100 for piece in pieces)
    assert split("一句话。" * 40, 100)[0].endswith("。")


def test_what_is_too_long_says_so() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
    assert units(shortened("😀" * 9, 10)) <= 10


def test_buttons_of_one_kind_stand_side_by_side() -> None:
    ids = [f"upscale:{n}" for n in range(1, 5)] + [f"vary:{n}" for n in range(1, 5)]
    ids += ["again", "undo", "good", "bad"]
    found = rows([Action(id, id) for id in ids])
    assert [[a.id for a in row] for row in found] == [ids[:4], ids[4:8], ids[8:]]
    ids = ["upscale:1", "vary:1", "again", "undo", "good", "bad"]
    found = rows([Action(id, id) for id in ids])
    assert [[a.id for a in row] for row in found] == [ids[:2], ids[2:]]
    assert [len(row) for row in rows([Action(f"answer:{n}", "x") for n in range(7)])] == [5, 2]


def test_a_picture_is_told_in_words() -> None:
    picture = Asset("ab" * 32, "image/png", 1, 64, 64)
    step = Step("draw", {"prompt": "a cat\non a mat", "n": 1}, ANA, CHAT, "t", assets=(picture,))
    reply = Reply("reply", Message(CHAT, None, "", (picture,)), (), (step,))
    assert alt(reply, picture) == "A picture made by AI: a cat on a mat"
    assert len(alt(reply, picture, 20)) == 20
    assert alt(reply, Asset("cd" * 32, "audio/ogg", 1)) == "A sound"
    other = Asset("cd" * 32, "image/png", 1, 64, 64)
    reply = Reply("reply", Message(CHAT, None, "", (picture, other)), (), (step,))
    assert alt(reply, picture) == "Picture 1 of 2, made by AI: a cat on a mat"
    assert alt(reply, other) == "Picture 2 of 2"
    assert file_name(picture) == "abababababab.png"
    assert file_name(picture, "jpg") == "abababababab.jpg"
