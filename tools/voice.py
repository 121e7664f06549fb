"""Words into sound and sound into words."""

from pydantic import Field

from memory.sentences import say
from tools.catalogue import Model
from tools.errors import EngineFailed, Refused
from tools.image import short
from tools.jobs import HearingSpec, Job, SpeechSpec
from tools.painting import revision
from tools.tool import Args, Context, Result, tool

MAX_BYTES = 50_000_000
SOUND = (
    "which sound: 'last', its number such as '2', 'reply', 'attached', an id, "
    "or words that describe it"
)


class Speak(Args):
    """What to say."""

    text: str = Field(min_length=1, max_length=5000, description="the words to be read aloud")
    voice: str = Field(default="", max_length=100, description="voice; empty: the usual one")
    speed: float = Field(default=1.0, ge=0.5, le=2, description="1 is the voice's own pace")


class Transcribe(Args):
    """What to listen to."""

    audio: str = Field(min_length=1, max_length=300, description=SOUND)


@tool
async def speak(args: Speak, context: Context) -> Result:
    """Read a text aloud as a voice message."""
    model = context.catalogue.find("speak")
    _known(args.voice, model)
    spec = SpeechSpec(args.text, args.voice, args.speed)
    made = await context.runner.run(Job(model.name, (spec,), context.asker), context.report)
    seconds, waveform = made[0].facts.get("seconds"), made[0].facts.get("waveform")
    if not made[0].data or not isinstance(seconds, int | float):
        raise EngineFailed(
            "The voice {name} made no sound of that; try other words.", name=model.name
        )
    asset = await context.assets.put(
        made[0].data,
        made[0].media_type,
        seconds=float(seconds),
        waveform=waveform if isinstance(waveform, bytes) else b"",
    )
    text = say(
        'Read aloud: "{words}" ({model}, {seconds:.1f} s).',
        words=short(args.text),
        model=model.name,
        seconds=float(seconds),
    )
    facts: dict[str, object] = {
        "model": model.name,
        "revision": revision(model),
        "licence": model.licence,
        "seconds": round(float(seconds), 2),
    }
    return Result(text, (asset,), facts)


def _known(voice: str, model: Model) -> None:
    """Raise Refused for a voice that the model does not have."""
    if voice and model.voices and voice not in model.voices:
        raise Refused(
            "{model} has no voice {voice!r}; there is: {known}.",
            model=model.name,
            voice=voice,
            known=", ".join(model.voices),
        )


@tool
async def transcribe(args: Transcribe, context: Context) -> Result:
    """Write down what is said in a recording."""
    model = context.catalogue.find("transcribe")
    asset = await context.store.asset(args.audio)
    if not asset.media_type.startswith(("audio/", "video/")):
        raise Refused("That is {kind}, not a recording; send a sound file.", kind=asset.media_type)
    if asset.size >= MAX_BYTES:
        size, limit = asset.size / 1e6, MAX_BYTES // 10**6
        raise Refused(
            "That recording has {size:.0f} MB; it must be smaller than {limit} MB.",
            size=size,
            limit=limit,
        )
    spec = HearingSpec(await context.assets.read(asset))
    made = await context.runner.run(Job(model.name, (spec,), context.asker), context.report)
    words = made[0].data.decode("utf-8", "replace").strip()
    if not words and made[0].facts.get("only_language") == "en":
        words = say(
            "No English words were heard in that recording; this model knows no other language."
        )
    facts: dict[str, object] = {"model": model.name, "revision": revision(model)}
    facts |= {k: v for k, v in made[0].facts.items() if k in ("seconds", "language")}
    return Result(words or say("No words were heard in that recording."), (), facts)
