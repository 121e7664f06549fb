"""The root of every expected error, and the whole tree as text.

AtelierError                 str(error) is one sentence that is safe and useful to show to a person
  NotFound                   memory: what was asked for is not (or no longer) here
  DataFolderBusy             memory: another process works on this data folder
  StorageFull                memory: the disk has no room
  ToolError                  tools: goes back to whoever called the tool
    Refused                    against the rules or the bounds; other words are needed
    QueueFull                  too much is waiting already
    EngineFailed               the model broke
      OutOfMemory                it did not fit into the device's memory
    ModelUnavailable           a model is unknown, not accepted or not fetched
  TurnError                  agents: the turn ends and the person is told
    Unclear                    one question has to be asked first
    ModelDown                  the chat model cannot answer; the rules do
  SettingsError              bot: a setting is missing, misspelt or out of bounds
JobCancelled(Exception)      not an error: somebody asked to stop
"""

from memory.sentences import Sentence, say


class AtelierError(Exception):
    """An expected failure; `str(error)` is one sentence a person can act on.

    `sentence` is the same, and can be put into their language: `values` stand in its template.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(say(template, **values))

    @property
    def sentence(self) -> Sentence:
        """What went wrong, and what to do."""
        sentence: Sentence = self.args[0]
        return sentence


class NotFound(AtelierError):
    """What was asked for is not, or no longer, remembered."""


class DataFolderBusy(AtelierError):
    """Another Atelier process already works on this data folder."""


class StorageFull(AtelierError):
    """The disk has no room for what has to be kept."""
