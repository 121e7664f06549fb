"""Speech and hearing by a server: `/audio/speech` and `/audio/transcriptions`."""

import asyncio
import json
from typing import TYPE_CHECKING

from tools.catalogue import Model
from tools.compute.client import Client, Request
from tools.errors import EngineFailed, Refused
from tools.jobs import Artifact, HearingSpec, SpeechSpec
from tools.sound import VOICE_RATE, VOICE_TYPE, VoiceNote, decode, voice_note

if TYPE_CHECKING:
    import httpx

_RATE = 16_000  # what the ears of all models are made for


async def speak(client: Client, model: Model, spec: SpeechSpec) -> tuple[Artifact, float]:
    """Return a voice note with the facts of a local one, and the seconds the server took.

    Raises EngineFailed or ModelUnavailable.
    """
    voice = spec.voice or next(iter(model.voices), "")
    fields: dict[str, object] = {"input": spec.text, "response_format": "wav"}
    if voice:
        fields["voice"] = voice
    if spec.speed != 1.0:
        fields["speed"] = spec.speed
    data, seconds = await client.ask(Request(model, "/audio/speech", fields), _read)
    note = await asyncio.to_thread(_note, data, client.name)
    facts: dict[str, object] = {"seconds": note.seconds, "waveform": note.waveform}
    facts |= {"voice": voice, "rate": VOICE_RATE}
    return Artifact(note.data, VOICE_TYPE, facts), seconds


async def hear(client: Client, model: Model, spec: HearingSpec) -> tuple[Artifact, float]:
    """Return the words with the fact `seconds` of sound, and the seconds the server took.

    `language` is among the facts when it is known. Raises Refused for what is no sound or too
    long, EngineFailed or ModelUnavailable.
    """
    note = await asyncio.to_thread(_upload, spec.audio)
    fields: dict[str, object] = {"response_format": "json"}
    if spec.language:
        fields["language"] = spec.language
    file = ("sound.ogg", note.data, VOICE_TYPE)
    request = Request(model, "/audio/transcriptions", fields, {"file": file})
    said, seconds = await client.ask(request, _words)
    facts: dict[str, object] = {"seconds": note.seconds}
    if language := said[1] or spec.language:
        facts["language"] = language
    return Artifact(said[0].encode(), "text/plain", facts), seconds


async def _read(response: "httpx.Response") -> bytes:
    return await response.aread()


async def _words(response: "httpx.Response") -> tuple[str, str]:
    """Return the text and the language, which not every server tells."""
    said = json.loads(await response.aread())
    return said["text"].strip(), str(said.get("language") or "")


def _note(data: bytes, server: str) -> VoiceNote:
    try:
        return voice_note(decode(data, VOICE_RATE), VOICE_RATE)
    except Refused as error:
        form = "The server {server} sent no sound that can be played."
        raise EngineFailed(form, server=server) from error


def _upload(audio: bytes) -> VoiceNote:
    """Return a sound of any container in a small form that every server reads."""
    return voice_note(decode(audio, _RATE), _RATE)
