"""Which picture shall be shown again as a spoiler: "post the second one behind a spoiler"."""

import re

from agents.understanding import flags, pointing
from agents.understanding.drawing import tidy
from agents.understanding.folding import FLAG, Line
from agents.understanding.lexicon import Language

_VERBS = (
    r"(?:can|could) (?:you|we|i) (?:please )?(?:show|post|send|mark|hide|see|have|get)",
    r"re-?(?:post|send)|show|post|send|mark|hide|put|share|flag|tag|give|upload",
    r"zeige?|poste?|schicke?|sende?|markiere?|verstecke?|verbirg|setze?|stelle?|teile?",
    r"montre|poste|envoie|renvoie|marque|cache|mets|partage|publie",
    r"muestra(?:me)?|marca|publica|manda(?:me)?|envia(?:me)?|oculta|esconde|pon|sube|comparte",
    r"mostr[ae]|marque|publi(?:ca|que)|mand[ae]|envi[ae]|escond[ae]|oculte|poe|ponha|post[ae]",
    r"покажи|спрячь|скрой|отправь|пришли|скинь|кинь|запости|выложи|пометь|отметь|поставь",
)
_TO_ME = r"(?:[ -](?:me|us|mir|uns|bitte|moi|nous|nos|мне|нам|снова|please|again|back))*"
_LEAD = re.compile(
    r"(?:请|麻烦)?(?:帮我|给我)?(?:再|重新)?(?:发送|发布|展示|显示|标记|隐藏|发)?(?:一下|一次)?(?:把|将)?"
    rf"(?:(?:and|now|und|jetzt|et|maintenant|y|e|ahora|agora|и|теперь)\s+)*"
    rf"(?:(?:{'|'.join(_VERBS)}){_TO_ME}(?:\s+|$))?"
)
_TAIL = re.compile(
    r"(?:^|\s+)(?:again|once more|one more time|please|noch ?mals?|erneut|bitte|encore"
    r"|encore une fois|[ad]e? nouveau|otra vez|de nuevo|por favor|outra vez|de novo|novamente"
    r"|еще раз|снова)\s*$"
    r"|(?:再|重新)?(?:发送|发布|显示|展示|给我看|发)(?:一次|一遍|出来|给我)?吧?\s*$"
    r"|(?:もう一[度回])?(?:見せ|出し|送っ|投稿し|表示し|載せ|貼っ|隠し|し)て(?:ください|くれ|ね)?\s*$"
    r"|[をはも、，,]\s*$"
)
_ALL = re.compile(r"(?:all |both )?of|all|both")
_GLUED = re.compile(
    r"[，、,]?(?:并|请)?(?:作为|[设标][为成]|标记[为成]|打上|加[上个]?|用)(?:防剧透|剧透|劇透)"
    r"(?:标记|遮挡|遮罩|标签|警告)?|ネタバレ(?:として|扱い[でに]|防止で|[でに])"
)
"""How it is said where no blank parts it from the words before it."""


def veiled(line: Line, language: Language) -> str | None:
    """Return the picture that is pointed at and nothing else but that it shall be a spoiler.

    "it" when none is named; None when something else is asked for.
    """
    if FLAG in line.fold:
        bare, said = flags.take(line)
    elif glued := _GLUED.search(line.fold) if language.unspaced else None:
        bare, said = line.without(*glued.span()), {"spoiler": True}
    else:
        return None
    if said != {"spoiler": True}:
        return None
    lead = _LEAD.match(tidy(bare, language).fold)
    asked = bool(lead and lead.end())
    bare = tidy(bare, language).cut(lead.end() if lead else 0, len(bare.text))
    if _ALL.fullmatch(bare.fold):
        return "all"
    bare = tidy(bare, language)
    while (tail := _TAIL.search(bare.fold)) and (asked or tail.start()):  # "again" is a wish
        bare = bare.cut(0, tail.start())
    return pointing.pick(bare, language) if bare.text else "it"
