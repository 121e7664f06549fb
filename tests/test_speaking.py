"""People are answered in their own language, or in that an owner chose, after restarts too."""

from dataclasses import replace
from pathlib import Path

import pytest

from agents.understanding.recognising import recognised
from bot.adapter import Place
from bot.adapters.discord import localised
from bot.progress import _PHASES
from bot.speaking import guessed
from bot.translation import put
from memory.records import Message, Step
from memory.sentences import count
from memory.store import Store
from tests.discord_bot import talking
from tests.discord_server import serving
from tests.rooms import ANA, BEN, CHAT, PRIVATE, room
from tests.telegram_bot import Gate, alone, clean, living
from tests.telegram_server import serving as telegram

ADMIN = Place(server="s", channel="c", private=False)
SAID = {
    "es": ("dibuja un gato", "Una imagen: un gato (", "Otra vez", "No existe la orden"),
    "de": ("zeichne eine Katze", "Ein Bild: eine Katze (", "Nochmal", "Den Befehl"),
    "ja": ("猫を描いて", "画像1枚：猫", "もう一度", "/nonsenseというコマンドは"),
    "ru": ("нарисуй кота", "1 картинка: ", "Ещё раз", "Команды /nonsense нет"),
}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("zeichne bitte einen roten Fuchs", "de"),
        ("una imagen más oscura, por favor", "es"),
        ("dessine-moi un mouton", "fr"),
        ("desenha um gato para mim", "pt"),
        ("yo voto la 1", ""),
        ("/imagine нарисуй кота", "ru"),
        ("猫の絵", "ja"),
        ("画一只猫", "zh"),
        ('write "привет, как дела" in the picture', "en"),
        ("/imagine fox --ar 16:9", ""),
        ("/imagine draw a smiling cat", "en"),
        ("/help imagine", ""),
        ("/help@atelier_bot compare", ""),
        ("/settings pause off", ""),
        ("/forget yes", ""),
        ("/project anyway", ""),
        ("/project join ETDESLES", ""),
        ("/project new Plakatserie für den Jazzabend", "de"),
        ("2", ""),
        ("ok", ""),
        ("", ""),
    ],
)
def test_a_language_is_recognised_only_when_that_is_certain(text: str, language: str) -> None:
    assert recognised(text) == language


def test_before_there_is_a_desk_the_words_and_then_the_app_tell_the_language() -> None:
    assert guessed("zeichne bitte einen Fuchs", "fr-FR") == "de"
    assert (guessed("ok", "fr-FR"), guessed("ok", "xx")) == ("fr", "en")


async def test_everybody_is_answered_in_their_own_language(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.say("zeichne eine Katze")).message.text.startswith("Ein Bild: ")
        assert (await here.say("draw a cat", BEN)).message.text.startswith("A picture of ")
        german = await here.say("zeichne zwei Hunde")
        assert german.message.language == "de"
        assert german.actions[0].label == "1 vergrößern"
        assert "keine Nummer 9" in (await here.say("/upscale 9")).message.text, "as before"
        assert "no number 9" in (await here.say("/upscale 9", BEN)).message.text
        asked = await here.press(german, "vary:1")
        assert asked.message.text.startswith("4 Varianten: ")
        other = await here.press(german, "vary:1", BEN)
        assert other.message.text.startswith("4 variations of "), "of whoever presses"
        assert await here.told("/nonsense") == (
            "error: Den Befehl /nonsense gibt es nicht; /help zeigt alle."
        )
        assert {s.language for s in here.outbox.standings} == {"de", "en"}


async def test_the_language_of_the_app_decides_when_words_do_not(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        french = replace(PRIVATE, locale="fr-CA")
        assert await here.told("/queue", place=french) == "Rien n'est en cours et rien n'attend."
        told = await here.told("/queue", BEN, place=replace(PRIVATE, locale="ko"))
        assert told == "Nothing is running and nothing waits."


async def test_owners_and_people_choose_languages(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert await here.told("/settings server language ja", place=ADMIN)
        reply = await here.say("zeichne eine Katze", place=ADMIN)
        assert reply.message.text.startswith("画像1枚")
        assert await here.told("/settings channel language pt", place=ADMIN) != ""
        assert (await here.say("draw a cat", place=ADMIN)).message.language == "pt"
        assert await here.told("/settings language ru", BEN, place=ADMIN)
        assert (await here.say("draw a cat", BEN, place=ADMIN)).message.language == "ru"
        assert await here.told("/settings language auto", BEN, place=ADMIN)
        assert (await here.say("draw a cat", BEN, place=ADMIN)).message.language == "en"
        told = await here.told("/settings language klingon", BEN, place=ADMIN)
        assert "auto, en, de, es, fr, ja, pt, ru, zh" in told


async def test_a_restart_goes_on_in_the_same_language(tmp_path: Path) -> None:
    asked = Message(CHAT, ANA, "zeichne eine Katze und lies es vor", language="de")
    made = count(1, "A picture of {words}", "{n} pictures of {words}", words="Katze")
    async with room(tmp_path, database=tmp_path / "atelier.db") as here:
        old = await here.say("zeichne einen Hund")
        await here.studio.store.open_turn(asked)
        step = Step("draw", {"prompt": "Katze"}, ANA, CHAT, asked.id, "done", made, seconds=1.0)
        late = Step("draw", {"prompt": "Maus"}, ANA, CHAT, asked.id, "queued")
        await here.studio.store.plan([step, late])
    async with room(tmp_path, database=tmp_path / "atelier.db") as here:
        await here.desk.recover(CHAT.platform, lambda _: here.outbox)
        (reply,) = here.outbox.replies
        first, second = reply.message.text.split("\n\n")
        assert first == "Ein Bild: Katze"
        assert second.startswith("Ein Bild: Maus (")
        assert {s.language for s in here.outbox.standings} == {"de"}
        assert (await here.press(old, "undo")).message.text.startswith(
            "Rückgängig gemacht: Ein Bild"
        )
        texts = [s.result for s in await Store(here.studio.database).steps(CHAT)]
        assert texts[1] == "A picture of Katze", "what is stored is English"


async def test_a_plan_is_asked_about_and_changed_in_its_language(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.studio.asking = replace(here.studio.asking, ask="always")
        plan = await here.say("zeichne eine Katze")
        assert plan.message.text.startswith("Plan: 1 Schritt, etwa ")
        assert [action.label for action in plan.actions] == ["Los", "Ändern", "Abbrechen"]
        asked = await here.press(plan, "change")
        assert asked.message.text.startswith("Was soll anders sein?")
        changed = await here.say("ändere 1 zu ein Hund", reply_to=asked.message.id)
        assert "Hund" in changed.message.text
        assert changed.message.text.startswith("Plan: 1 Schritt")


@pytest.mark.parametrize("language", ["es", "ru"])
async def test_telegram_speaks_it(tmp_path: Path, language: str) -> None:
    text, made, again, unknown = SAID[language]
    phases = tuple(put(phase, language) for phase in _PHASES.values())
    runner = Gate()
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        ana.says(text)
        status = (await bot.said(ana))[0]
        assert status.text.startswith(phases)
        runner.go.set()
        answer = await bot.answer(ana)
        assert answer.text.startswith(made)
        assert again in answer.labels
        ana.says("/nonsense")
        await bot.server.wait_for(lambda: bot.server.messages(ana)[-1].text.startswith(unknown))
        await bot.settled()


async def test_an_old_button_on_telegram_answers_in_the_language_it_has(tmp_path: Path) -> None:
    async with telegram() as server:
        ana = server.person("Ana")
        async with living(server, tmp_path) as bot:
            ana.says("dibuja un gato")
            main = await bot.answer(ana)
            await bot.settled()
            await server.wait_for(lambda: server.count("setMyCommands") == 8)
        async with living(server, tmp_path) as bot:
            ana.presses(main, "again")
            await server.wait_for(lambda: len([m for m in server.messages(ana) if m.buttons]) > 1)
            assert (await bot.answer(ana, 1)).text.startswith("Una imagen: un gato")
            await bot.settled()
            assert server.count("setMyCommands") == 9, "only English is offered anew"
        clean(server)


@pytest.mark.parametrize("language", ["de", "ja"])
async def test_discord_speaks_it(tmp_path: Path, language: str) -> None:
    text, made, _, unknown = SAID[language]
    async with serving(require_nonce=True) as server:
        async with talking(server, tmp_path) as bot:
            ana = server.person("Ana")
            said = ana.mentions(text)
            assert (await bot.reply(said)).content.startswith(made)
            said = ana.mentions("/nonsense")
            assert (await bot.reply(said)).content.startswith(unknown)
        assert server.violations == []


def test_commands_are_described_in_the_languages_of_discord() -> None:
    found = {command["name"]: command for command in localised.described(personal=True)}
    upscale = found["upscale"]["description_localizations"]
    assert upscale["de"] == "Ein Bild vergrößern"
    assert upscale["es-ES"] == upscale["es-419"] == "Ampliar una imagen"
    assert found["Describe"]["name_localizations"]["ja"] == "説明する"
    assert all(len(told) <= 100 for c in found.values()
               for told in c.get("description_localizations", {}).values())  # fmt: skip
    assert localised.fingerprint(personal=True) != localised.fingerprint(personal=False)


async def test_who_says_too_little_to_tell_is_answered_as_the_others_there(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("dibuja un gato rojo, por favor", ANA)
        assert (await here.say("nada de cerveza", BEN)).message.language == "es"


async def test_a_few_signs_are_japanese_from_who_writes_that(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("猫を描いて", ANA)
        assert (await here.say("1番", ANA)).message.language == "ja"
        assert (await here.say("1番", BEN)).message.language == "ja"
