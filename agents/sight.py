"""Which pictures look like some words, when none was made from them."""

from dataclasses import replace

from agents.errors import Unseen
from agents.scene import Scene
from memory.sights import seen
from tools.sight import encoder, fitting, question
from tools.tool import Context


async def looked(unseen: Unseen, scene: Scene, context: Context) -> Scene:
    """Return the scene with what looks like those words; raises `unseen` when nothing does."""
    name = encoder(context.catalogue)
    if not (name and unseen.among):
        raise unseen
    shas = [asset.sha256 for asset in unseen.among]
    pictures = await seen(context.store.database, name, shas)
    asked = pictures and await question(
        unseen.words, context.runner, context.catalogue, context.asker
    )
    found = fitting(asked, pictures) if asked else ()
    if not found:
        raise unseen
    return replace(scene, looks={**scene.looks, unseen.words: found})
