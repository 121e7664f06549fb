"""What people say in project rooms, in every language: what it means, and what means nothing."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.rooms.opening import opening
from agents.rooms.reader import Intent
from agents.rooms.reading import read
from agents.rooms.state import STAGES, Room
from agents.rooms.wording import FOLDER, wordings
from tests.projects import project, writer
from tests.rooms import ANA, BEN, room
from tests.test_rooms import IDEAS, PIECES, POSTERS, TEMPLATES
from tests.test_understanding import TUNED, chats

TABLES = Path(__file__).with_name("room_words")
LANGUAGES = sorted(file.stem for file in TABLES.glob("*.toml"))
ROOM = Room("r", ideas=IDEAS, pieces=PIECES)


def table(language: str) -> dict[str, Any]:
    return tomllib.loads((TABLES / f"{language}.toml").read_text("utf-8"))


def shown(intents: list[Intent]) -> str:
    return "; ".join(map(_one, intents))


def _one(intent: Intent) -> str:
    data, mark = intent.data, "!" if intent.firm else ""
    if intent.kind in ("brief", "unbrief"):
        value = data["value"]
        words = ", ".join(value) if isinstance(value, list) else value
        return f"{mark}{'-' * (intent.kind == 'unbrief')}{data['name']}: {words}"
    numbers = data.get("pieces") or [data[k] for k in ("pick", "other", "piece") if k in data]
    parts = [intent.kind, *map(str, numbers), *(["all"] if "all" in data else [])]
    parts += [f"n={data['n']}"] if "n" in data else []
    parts += [str(data["kind"])] if "kind" in data else []
    parts += ["less"] if "less" in data else []
    return " ".join(parts) + (f": {data['text']}" if "text" in data else "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_means_what_it_says(language: str) -> None:
    wrong = [
        f"{stage}: {text} -> {found!r}, not {meant!r}"
        for stage in STAGES
        for text, meant in table(language).get(stage, {}).items()
        if (found := shown(read(text, replace(ROOM, stage=stage), POSTERS))) != meant
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_room_is_opened_in_every_language(language: str) -> None:
    for text, meant in table(language)["open"].items():
        assert ": ".join(opening(text, TEMPLATES) or ()) == meant


@pytest.mark.parametrize("language", LANGUAGES)
def test_idle_talk_means_nothing_at_any_stage(language: str) -> None:
    misread = [
        f"{stage}: {text} -> {shown(found)}"
        for text in table(language)["idle"]["say"]
        for stage in STAGES
        if (found := read(text, replace(ROOM, stage=stage), POSTERS))
    ]
    assert not misread, "\n".join(misread)


def test_little_of_what_is_said_elsewhere_is_taken_for_a_brief() -> None:
    talk = [text for name in TUNED for _, text in chats(name)]
    read_as = [(text, shown(read(text, ROOM, POSTERS))) for text in talk]
    misread = [(text, meant) for text, meant in read_as if ": " in meant]
    assert len(misread) <= 0.01 * len(talk), misread


def test_every_language_is_read_and_tried() -> None:
    assert {words.code for words in wordings()} == {file.stem for file in FOLDER.glob("*.toml")}
    for language in LANGUAGES:
        stages = table(language)
        assert set(STAGES) - {"making", "pack"} <= set(stages)
        assert sum(len(said) for stage, said in stages.items() if stage != "idle") >= 40
        assert len(stages["idle"]["say"]) >= 15


RUNS: dict[str, list[tuple[str, str]]] = {
    "German, with some French": [
        ("Lasst uns eine Plakatserie für das Jazzfest machen", "brief"),
        ("Zielgruppe sind Jugendliche, 2 Plakate, Freitag muss drauf stehen", "brief"),
        ("> ne mentionnez jamais la bière", "brief"),
        ("gib uns mal ein paar Ideen", "ideas"),
        ("wie wäre es mit: Katzen mit Hüten", "ideas"),
        ("> et si on faisait : un train de nuit", "ideas"),
        ("kombiniere 5 und 6", "ideas"),
        ("2: verspielter, weniger Text", "ideas"),
        ("weiter bitte", "choice"),
        ("ich stimme für 5", "choice"),
        ("> je vote pour la 7", "choice"),
        ("beendet die Abstimmung", "choice"),  # a tie
        ("die 5 für mich", "choice"),
        ("> je préfère la 5", "choice"),
        ("beendet die Abstimmung", "outline"),
        ("ich kümmere mich um Plakat 1", "outline"),
        ("> l'affiche 2 : un chat sur un train", "outline"),
        ("macht alles", "review"),
        ("Plakat 1 ist super", "review"),
        ("> rends l'affiche 2 plus sombre", "review"),
        ("zwei Varianten von Plakat 1", "review"),
        ("nimm Version 2 von Plakat 1", "review"),
        ("ändere den Slogan zu „Freitag: Jazz!“", "review"),
        ("alles ist gut", "review"),
        ("prüfe alles", "check"),
        ("Plakat 1 bleibt so", "check"),
        ("packt alles ein", "pack"),
    ],
    "Japanese, with some Chinese": [
        ("ジャズナイトのポスターシリーズを作ろう", "brief"),
        ("対象は高校生、ポスターは2枚、ビールは出さないで", "brief"),
        ("> 必须写上Friday", "brief"),
        ("アイデアをいくつか出して", "ideas"),
        ("帽子をかぶった猫はどう？", "ideas"),
        ("> 2：更活泼，少点文字", "ideas"),
        ("次へ", "choice"),
        ("5に投票します", "choice"),
        ("> 我投1", "choice"),
        ("投票を締め切って", "choice"),  # a tie
        ("5番がいいです", "choice"),
        ("> 我选5", "choice"),
        ("投票を締め切って", "outline"),
        ("ポスター1は私が担当します", "outline"),
        ("> 海报2：火车上的猫", "outline"),
        ("全部作って", "review"),
        ("ポスター1を承認", "review"),
        ("> 把海报2改成夜景", "review"),
        ("ポスター1を描き直して", "review"),
        ("スローガンを「Fridayはジャズ」に変更して", "review"),
        ("> 全部都很好", "review"),
        ("全部チェックして", "check"),
        ("ポスター1はこのままでいい", "check"),
        ("パックして", "pack"),
    ],
}


@pytest.mark.parametrize("name", RUNS)
async def test_a_team_takes_all_steps_in_its_own_languages(tmp_path: Path, name: str) -> None:
    async with room(tmp_path, writer("Blue Fox: A blue fox dances.", "Friday, Freitag.")) as here:
        for at, (text, stage) in enumerate(RUNS[name]):
            user = BEN if text[0] == ">" else ANA
            reply = await here.say(text.lstrip("> "), user)
            now = await project(here)
            if stage == "pack" and now.stage == "check":  # the fake pictures are too different
                reply = await here.say("/project anyway")
                now = await project(here)
            assert now.stage == stage, (at, text, reply.message.text)
            assert reply.kind != "error", (text, reply.message.text)
        assert [a.media_type for a in reply.message.assets] == ["application/zip"]
        assert (now.brief.count, len(now.brief.never), now.brief.must) == (2, 1, now.brief.must)
        assert now.pieces[0].carer == ANA
        assert "train" in now.pieces[1].request or "火车" in now.pieces[1].request
        assert len(now.pieces[1].versions) == 2
        assert now.packs
