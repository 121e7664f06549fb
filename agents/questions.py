"""Questions about which picture or sound is meant: each for pictures, and for recordings."""

from memory.sentences import Sentence, say

ONE_SET = (
    say("There is only one set of pictures here; nothing came before it."),
    say("There is only one set of recordings here; nothing came before it."),
)
NONE_YOURS = (
    say("You have no pictures here yet; which one do you mean?"),
    say("You have no recordings here yet; which one do you mean?"),
)
NO_OTHER = (
    say("There is no other picture here; which one do you mean?"),
    say("There is no other recording here; which one do you mean?"),
)
NONE = (
    say("There are no pictures here yet; send one, reply to one, or ask for a picture."),
    say("There are no recordings here yet; send one, reply to one, or ask for a recording."),
)
NO_NUMBER = (
    (
        "There is {n} picture, no number {number}; which one?",
        "There are {n} pictures, no number {number}; which one?",
    ),
    (
        "There is {n} recording, no number {number}; which one?",
        "There are {n} recordings, no number {number}; which one?",
    ),
)
SEVERAL = (
    "There are {many} pictures; which one?",
    "There are {many} recordings; which one?",
)
MANY_IDS = (
    "There is more than one picture with the id {id} here; which one?",
    "There is more than one recording with the id {id} here; which one?",
)
NO_ID = (
    "There is no picture with the id {id} here; which one?",
    "There is no recording with the id {id} here; which one?",
)
UNSEEN = (
    "I find no picture of “{what}” here; which one do you mean?",
    "I find no recording of “{what}” here; which one do you mean?",
)
FITS = (
    "“{what}” fits the pictures {which}; which one?",
    "“{what}” fits the recordings {which}; which one?",
)


def about(forms: tuple[str, str], kind: str, **values: object) -> Sentence:
    """Return the question about pictures ("image"), or about recordings."""
    return say(forms[kind != "image"], **values)
