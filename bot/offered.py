"""What people are told of the commands there are."""

from collections.abc import Mapping

from memory.sentences import joined, say

ABOUT: Mapping[str, tuple[str, ...]] = {
    "help": (say("what I can do and how to ask for it"),),
    "draw": (say("draw a picture"), say("/{command} a red bicycle --ar 16:9 --n 4")),
    "edit": (say("change a picture"), say("/{command} 2 darker")),
    "vary": (say("variations of a picture"), say("/{command} 2")),
    "upscale": (say("enlarge a picture"), say("/{command} 2 4x")),
    "compare": (say("two pictures side by side, what differs marked"), say("/{command} 1 3")),
    "show": (say("an earlier picture or version again, to go on from there"), say("/{command} v2")),
    "describe": (say("what is in a picture"), say("/{command} 2")),
    "write": (say("write something"), say("/{command} a slogan for our jazz night")),
    "ideas": (say("collect ideas"), say("/{command} names for a bakery")),
    "speak": (say("read something aloud"), say("/{command} good morning")),
    "transcribe": (say("write down what is said in a recording, sent along or replied to"),),
    "recall": (say("find what was said"), say("/{command} deadline")),
    "again": (say("do the last thing again"), say("/{command} --ar 16:9")),
    "undo": (say("take back the last result"),),
    "go": (say("do the plan you were shown"),),
    "project": (
        say("make something together"),
        say("/{command} new poster-series for the jazz night"),
    ),
    "change": (say("change a plan, or what it made"), say("/{command} 2 to a dog")),
    "retry": (say("try again what failed"),),
    "cancel": (say("stop what is running for you here"),),
    "queue": (say("what is being worked on, and when it is your turn"),),
    "info": (say("how a picture was made"), say("/{command} 2")),
    "models": (say("which models there are"),),
    "quota": (say("how much computing you have left today, and when there is more"),),
    "settings": (say("what is in force here, and changing it"), say("/{command} count 2")),
    "memory": (
        say("what is kept about this chat and you, and what you like"),
        say("/{command} on"),
    ),
    "forget": (
        say("erase what was said and made here"),
        say("/{command} yes; only what is yours: /{command} me"),
    ),
    "quit": (say("leave (terminal only)"),),
}
"""What each does, and an example of it."""


def described(name: str, called: str = "") -> str:
    """Return what a command does and an example, in which it is called that."""
    about, *example = ABOUT[name]
    return joined(": ", [about, *(say(one, command=called or name) for one in example)])


def about(name: str) -> str:
    """Return what a command does, without an example."""
    return ABOUT[name][0]
