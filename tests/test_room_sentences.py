"""What project rooms say, in every language, and that what they tell people to say is read."""

import re
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from agents.rooms.asked import Decision, decided, outcome
from agents.rooms.board import _HINTS, board, buttons
from agents.rooms.brief import Brief
from agents.rooms.opening import begun
from agents.rooms.outline import nth
from agents.rooms.pointing import Pointed, pieces
from agents.rooms.reading import read
from agents.rooms.repeating import misplaced
from agents.rooms.requests import request_told
from agents.rooms.standing import NO_SUBJECT
from agents.rooms.state import STAGES, Piece, Question, Room, Stage, Version
from agents.rooms.wording import wording
from agents.understanding.folding import folded
from bot.adapter import Place
from bot.translation import languages, put
from memory.database import Database
from memory.records import Asset
from memory.rooms import Rooms, Said
from memory.sentences import count, joined, say
from tests.projects import made, opened, piece, project, writer
from tests.rooms import ANA, BEN, CHAT, room
from tests.rooms import Room as Talk
from tests.test_rooms import IDEAS, PIECES, POSTERS, TEMPLATES

OTHERS = languages()[1:]
ADMIN = Place(server="s", channel="c", private=False)
_QUOTED = re.compile("[„“«「”](?: ?)([^„“”«»「」]+?) ?[“”»」]")
ROOM = Room("r", ideas=IDEAS, pieces=PIECES, brief=Brief(subject="jazz"))
_UNMADE = "Not made yet: {names}; say “redo {first}”, or “drop {first}”."
_POSTER = nth("Poster", 2)
SAMPLE = {"ja": "猫", "zh": "猫", "ru": "кот"}


def quoted(text: str) -> list[str]:
    return _QUOTED.findall(text)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("stage", [s for s in STAGES if s != "making"])
def test_what_a_hint_tells_people_to_say_is_understood(language: str, stage: Stage) -> None:
    said = quoted(put(_HINTS[stage], language))
    assert len(said) >= 1 + (stage not in ("choice", "pack"))
    for text in said:
        whole = re.sub(r"\.\.\.|…+", SAMPLE.get(language, "cat"), text)
        assert read(whole, replace(ROOM, stage=stage), POSTERS), (stage, whole)


@pytest.mark.parametrize("language", languages())
def test_what_other_sentences_tell_people_to_say_is_understood(language: str) -> None:
    told: tuple[tuple[Stage, str], ...] = (
        ("brief", NO_SUBJECT),
        ("ideas", say("Say which two ideas: “combine 1 and 3”.")),
        ("ideas", say("Idea {number} has no sketch yet; say “sketch {number}”.", number=2)),
        ("choice", say("{owner}, as the owner you decide: “we take {one}”.", owner="A", one=2)),
        ("check", say("There is no reference; say “use poster 2 as the reference”.")),
        ("review", say("Not everything is checked yet: “check it”, then “pack it”.")),
        ("check", say("“pack it” makes the pack; changes are still possible.")),
        ("review", say(_UNMADE, names="", first=_POSTER)),
        ("outline", say("There are no pieces to make; “add a picture of ...”, or “back”.")),
        ("check", say("But {faults}: send another, or say “{title} stays as it is”.",
                      faults="x", title=_POSTER)),
    )  # fmt: skip
    for stage, sentence in told:
        for text in quoted(put(sentence, language)):
            whole = re.sub(r"\.\.\.|…+", SAMPLE.get(language, "cat"), text)
            assert read(whole, replace(ROOM, stage=stage), POSTERS), (stage, whole)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_piece_is_known_by_what_it_is_called_in_a_language(language: str, name: str) -> None:
    parts = TEMPLATES[name].pieces
    titles = [nth(p.title, 2) if p.each else say(p.title) for p in parts]
    made = [
        Piece(n, part.kind, title, "")
        for n, (part, title) in enumerate(zip(parts, titles, strict=True), 1)
    ]
    known = Room("r", pieces=tuple(made))
    for number, title in enumerate(titles, 1):
        called = put(title, language)
        assert pieces(folded(called), Pointed(known, wording(language))) == (number,), called


ASKED = {
    "en": ("what do I do now?", "what's next?", "and now?", "next?"),
    "de": ("was mache ich jetzt?", "was kommt als nächstes?", "und jetzt?", "wie geht's weiter?"),
    "es": ("¿qué hago ahora?", "¿qué sigue?", "¿y ahora qué?", "¿cuál es el siguiente paso?"),
    "fr": ("qu'est-ce que je fais maintenant ?", "et maintenant ?", "c'est quoi la suite ?"),
    "ja": ("今は何をすればいいですか？", "次は何？", "次は？", "これからどうする？"),
    "pt": ("o que eu faço agora?", "e agora?", "o que vem agora?", "qual é o próximo passo?"),
    "ru": ("что мне теперь делать?", "что дальше?", "а теперь?", "а дальше?"),
    "zh": ("我现在该做什么？", "接下来呢？", "下一步是什么？", "然后呢？"),
}
AGAIN = {
    "en": ("pack it again", "check it again", "mend it again"),
    "de": ("packt alles noch mal", "prüf noch mal", "repariere es noch einmal"),
    "es": ("empaqueta otra vez", "revisa todo otra vez", "arréglalo otra vez"),
    "fr": ("refais le pack", "vérifie encore une fois", "corrige encore une fois"),
    "ja": ("もう一度パックして", "もう一度チェックして", "もう一度直して"),
    "pt": ("empacota de novo", "verifica tudo de novo", "corrige tudo de novo"),
    "ru": ("упакуй заново", "проверь ещё раз", "исправь ещё раз"),
    "zh": ("重新打包", "再检查一遍", "再修一遍"),
}
NEW = {
    "de": ("plakatserie für jazz", "Plakatserie für den Jazz"),
    "en": ("poster-series for the jazz", "jazz poster series"),
    "es": ("serie de carteles para el jazz", "carteles sobre jazz"),
    "fr": ("affiches pour le jazz", "série d'affiches sur le jazz"),
    "ja": ("ポスターシリーズ jazz", "jazzのポスターシリーズ"),
    "pt": ("série de cartazes para o jazz", "cartazes sobre jazz"),
    "ru": ("серия плакатов для jazz", "плакаты про jazz"),
    "zh": ("海报系列关于jazz", "jazz的系列海报"),
}


@pytest.mark.parametrize("language", languages())
def test_what_to_do_now_and_once_more_are_asked_for_in_every_language(language: str) -> None:
    def meant(text: str, stage: Stage) -> list[str]:
        return [i.kind for i in read(text, replace(ROOM, stage=stage), POSTERS)]

    for stage in STAGES:
        assert [meant(text, stage) for text in ASKED[language]] == [["now"]] * len(ASKED[language])
    kinds = [["repack"], ["recheck"], ["fix"]]
    assert [meant(text, "check") for text in AGAIN[language]] == kinds
    assert [meant(text, "pack") for text in AGAIN[language]] == kinds
    assert [meant(text, "brief") for text in AGAIN[language]] != kinds


@pytest.mark.parametrize("language", languages())
def test_a_subject_stands_without_what_leads_to_it(language: str) -> None:
    found = [begun(text, TEMPLATES) for text in NEW[language]]
    assert [(name, subject.casefold()) for name, subject in filter(None, found)] == [
        ("poster-series", "jazz")
    ] * 2
    assert begun("poster-series pour over coffee", TEMPLATES) == (
        "poster-series", "pour over coffee",
    )  # fmt: skip
    assert begun("nothing such", TEMPLATES) is None


@pytest.mark.parametrize("text", ["9", "vote 9", "ich stimme für 9", "я голосую за 9", "我投9"])
def test_a_vote_for_what_there_is_not_is_told_in_every_language(text: str) -> None:
    told = misplaced(text, replace(ROOM, stage="choice"))
    assert put(told, "de") == "Eine Idee 9 gibt es nicht; es gibt 1, 2, 3."
    assert not misplaced("nine cats", replace(ROOM, stage="choice"))


def test_a_board_speaks_one_language_and_keeps_what_people_said() -> None:
    asks = Question("colours", ["red"], ANA, ["dark blue"], BEN)
    poster = replace(PIECES[0], title=nth("Poster", 1), carer=BEN, approved=(ANA,), kept=2)
    wrong = (say("it is {size}, not {aspect}", size="64x64", aspect="2:3"),)
    versions = (Version(1, "a"), Version(2, "b", author=ANA, faults=wrong))
    now_ = Room(
        "r", "Go", "poster-series", "review", owner=ANA, members=(ANA, BEN), questions=(asks,),
        brief=Brief(subject="Go", colours=("red",), languages=("German",), count=2),
        pieces=(replace(poster, versions=versions), replace(PIECES[3], title=say("Radio line"))),
    )  # fmt: skip
    told = board(now_, POSTERS, count(2, "{n} step", "{n} steps"), lambda text: put(text, "de"))
    assert told.splitlines()[:7] == [
        "Go · Plakatserie für eine Veranstaltung",
        "Phase: Durchsicht (6 von 8) · Leitung: Ana · 2 Personen",
        "Briefing · Thema: Go · Sprache: Deutsch · Teile: 2 · Farben: Rot",
        "Offen: Rot (Ana) oder Dunkelblau (Ben)?",
        "1. ▣ Plakat 1 v2 von Ana [Ben] ✓ Ana ⚠ Größe 64x64 statt 2:3",
        "4. ♪ Radiospot: wird vorgelesen",
        "Herstellen: 2 steps",
    ]
    labels = [one.label for one in buttons(now_, lambda text: put(text, "ja"))]
    assert labels == [
        "赤（Ana）", "濃い青（Ben）", "すべて承認", "チェックする", "戻る", "元に戻す",
    ]  # fmt: skip
    assert buttons(now_, closed=True) == ()
    assert "/project reopen" in board(now_, POSTERS, closed=True).splitlines()[-1]


@pytest.mark.parametrize("language", languages())
def test_a_board_fits_into_one_message_in_every_language(language: str) -> None:
    many = tuple(replace(PIECES[0], number=n, title=nth("Poster", n)) for n in range(1, 25))
    crowd = Room("r", "J" * 200, stage="outline", pieces=many, ideas=IDEAS, chosen=1)
    long = Brief(must=tuple("words" * 9 for _ in range(40)))
    told = board(replace(crowd, brief=long), POSTERS, put=lambda text: put(text, language))
    assert len(told) <= 1900
    for stage in STAGES:
        shown = buttons(replace(crowd, stage=stage), lambda text: put(text, language))
        assert all(0 < len(one.label) <= 40 for one in shown)


async def test_how_something_was_answered_is_kept_in_words_that_can_be_translated() -> None:
    told = say("Left out: {names}.", names=nth("Poster", 2))
    decision = Decision(told, (), None, ())
    async with Database() as database:
        rooms = Rooms(database)
        said = Said(ANA, "m1", "m1")
        id = await rooms.open("r", CHAT, [outcome(decision)], said)
        kept = decided(await rooms.events(id))
        assert kept is not None
        assert (kept.told, put(kept.told, "ru")) == ("Left out: Poster 2.", "Убрано: Плакат 2.")


SPANISH = [
    ("hagamos una serie de carteles para la noche de jazz", "Noche de jazz · Serie de carteles"),
    ("público: jóvenes, 2 carteles, nada de cerveza", "Anotado: público: jóvenes; 2 piezas;"),
    ("> it is for families", "Which audience: jóvenes (Ana) or families (Ben)?"),
    ("> no, the audience is jóvenes", "Noted: audience: jóvenes."),
    ("¿qué hago ahora?", "La sala está en «brief», paso 1 de 8."),
    ("siguiente", "1. Brass Fox"),
    ("qué tal un gato con sombrero", "Idea 5, de Ana: Un gato con sombrero"),
    ("siguiente", "Votad, por favor"),
    ("voto por 5", "Ana vota por 5 «Un gato con sombrero»."),
    ("> I vote for 5", "Ben votes for 5 “Un gato con sombrero”."),
    ("siguiente", "Se queda 5 «Un gato con sombrero», con 2 votos."),
    ("siguiente", "5 piezas hechas:\n1. Cartel 1"),
    ("apruebo cartel 1", "Aprobado por Ana: Cartel 1. Falta por aprobar: Cartel 2, Eslogan,"),
    ("> approve poster 2", "Approved by Ben: Poster 2. Still open: Slogan,"),
    ("cambia eslogan por «Cerveza el viernes»", "Eslogan, en palabras de Ana: Cerveza"),
    ("siguiente", "Puntuación: "),
    ("arréglalo todo", "Puntuación: "),
    ("/project anyway", "El paquete: 5 piezas, 1 archivo, 0,1 MB."),
]


async def test_a_room_is_played_in_spanish_by_somebody_and_in_english_by_another(
    tmp_path: Path,
) -> None:
    async with room(tmp_path, writer()) as here:
        spanish = replace(Place(), locale="es-MX")
        for text, begins in SPANISH:
            user, place = (BEN, Place()) if text[0] == ">" else (ANA, spanish)
            reply = await here.say(text.lstrip("> "), user, place=place)
            assert reply.message.text.startswith(begins), reply.message.text
        await here.studio.boards.settle()
        shown = here.outbox.boards[-1]
        assert "Fase: paquete (8 de 8) · responsable: Ana · 2 personas" in shown.message.text
        assert [a.label for a in shown.actions][:2] == ["Empaquetar otra vez", "Atrás"]
        assert all("Stage" not in one.message.text for one in here.outbox.boards)
        (file,) = reply.message.assets
        with ZipFile(here.studio.assets.path(file)) as pack:
            story, page = pack.read("story.md").decode(), pack.read("index.html").decode()
        assert "**Ben**: votó por la idea 5 «Un gato con sombrero»" in story
        assert "**Cartel 1**: Imagen: dibujada por IA (small), sin edición humana." in story
        assert '<html lang="es">' in page
        assert "Quién decidió qué" in page
        await here.told("/settings channel language fr", place=Place("s", "c", private=False))
        here.studio.boards.changed((await project(here)).id)
        await here.studio.boards.settle()
        assert "Étape\u00a0: pack (8 sur 8)" in here.outbox.boards[-1].message.text


async def late(here: Talk) -> None:
    here.studio.boards.changed((await project(here)).id)
    await here.studio.boards.settle()


async def test_a_closed_room_has_no_buttons_until_it_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    async with room(tmp_path, writer(), file) as here:
        await opened(here)
        await here.studio.boards.settle()
        await here.told("/project close")
        await here.studio.boards.settle()
        shown = here.outbox.boards[-1]
        assert (shown.actions, "The room is closed" in shown.message.text) == ((), True)
        assert not await here.studio.rooms.seats(), "nothing is left to be shown at the next start"
        await here.told("/project reopen")
        await here.studio.boards.settle()
        assert here.outbox.boards[-1].actions
        id = await here.studio.rooms.here(CHAT)
        await here.studio.rooms.set_open(id, False)  # and the process ends before that is shown
    async with room(tmp_path, writer(), file) as again:
        await again.desk.recover(CHAT.platform, lambda _: again.outbox)
        await again.studio.boards.settle()
        assert again.outbox.boards[-1].actions == ()


async def words(here: Talk, text: str) -> Asset:
    return await here.studio.assets.put(text.encode(), "text/plain")


async def test_a_text_file_takes_the_place_of_a_text(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        with_text = await words(here, "\ufeffJazz für alle, Friday.\n")
        told = await here.say("", assets=[with_text])
        assert "paste its words here" in told.message.text
        await made(here)
        asked = await here.say("", BEN, assets=[with_text])
        assert "Which piece" in asked.message.text
        assert [a.label for a in asked.actions] == ["Slogan", "Announcement"]
        done = await here.say("this is the announcement", BEN, reply_to=asked.message.reply_to)
        assert done.message.text.startswith("Announcement is now what Ben sent.")
        now_ = (await piece(here, "Announcement")).now
        assert now_ is not None
        assert (now_.text, now_.author, now_.faults) == ("Jazz für alle, Friday.", BEN, ())
        voice = await piece(here, "Radio line")
        assert len(voice.versions) == 2, "it reads the new words"
        beer = await words(here, "Beer on Friday.")
        told = await here.say("this is the slogan", assets=[beer])
        assert "But it says “beer”, which must not appear: send another" in told.message.text
        told = await here.say("this is poster 1", assets=[beer])
        assert "Poster 1 is a picture and that is a text." in told.message.text


def test_what_a_template_asks_for_is_shown_in_a_language() -> None:
    for request, told in {
        "un gato, the whole scene": "un gato, la escena entera",
        "la noche takes place": "invitación: la noche",
        "un gato": "un gato",
    }.items():
        assert put(request_told(request), "es") == told
    assert put(request_told("猫, a close-up"), "ja") == "猫、クローズアップ"
    assert request_told("the jazz night takes place") == "the jazz night takes place"


def test_any_number_of_texts_is_joined_as_a_language_does() -> None:
    for many in range(2, 7):
        said = joined(", ", [say("text"), *map(str, range(many - 1))])
        assert put(said, "zh").count("、") == many - 1
        assert put(said, "es") == ", ".join(["texto", *map(str, range(many - 1))])
    assert put(joined("; ", [say("text"), "a", "b"]), "fr") == "texte\u202f; a\u202f; b"
