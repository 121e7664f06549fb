"""Which components may stand where and how long their texts may be, in messages and forms."""

from dataclasses import dataclass, field
from typing import Any

from tests.discord_errors import Form, Json
from tests.discord_records import walk

ROW, BUTTON, MENU, INPUT, SECTION, TEXT, THUMBNAIL = 1, 2, 3, 4, 9, 10, 11
GALLERY, MEDIA_FILE, SEPARATOR, CONTAINER, LABEL, UPLOAD = 12, 13, 14, 17, 18, 19
RADIO, CHECKS, CHECK = 21, 22, 23
MENUS = (MENU, 5, 6, 7, 8)
CLASSIC = (ROW,)
LAYOUT = (ROW, SECTION, TEXT, GALLERY, MEDIA_FILE, SEPARATOR, CONTAINER)
FORM = (ROW, TEXT, LABEL)
INSIDE: dict[int, tuple[int, ...]] = {
    ROW: (BUTTON, *MENUS),
    SECTION: (TEXT,),
    CONTAINER: (ROW, SECTION, TEXT, GALLERY, MEDIA_FILE, SEPARATOR),
}
LABELLED = (INPUT, *MENUS, UPLOAD, RADIO, CHECKS, CHECK)
NEED_ID = (*MENUS, INPUT, UPLOAD, RADIO, CHECKS, CHECK)
LENGTHS = {
    BUTTON: {"label": 80, "url": 512},
    INPUT: {"label": 45, "placeholder": 100, "value": 4000},
    TEXT: {"content": 4000},
    THUMBNAIL: {"description": 1024},
    LABEL: {"label": 45, "description": 100},
    **{kind: {"placeholder": 150} for kind in MENUS},
}
OPTIONS = {MENU: (1, 25), RADIO: (2, 10), CHECKS: (1, 10)}
MOST_COMPONENTS, MOST_TEXT = 40, 4000
Place = tuple[str | int, ...]


@dataclass
class _Walk:
    form: Form
    names: frozenset[str]
    in_form: bool = False
    ids: set[str] = field(default_factory=set)

    def all(self, components: Any, place: Place, kinds: tuple[int, ...]) -> None:
        for number, component in enumerate(components or ()):
            self.one(component, (*place, number), kinds)

    def one(self, component: Json, place: Place, kinds: tuple[int, ...]) -> None:
        kind = component.get("type", 0)
        if kind not in kinds:
            told = f'Value of field "type" must be one of {kinds}.'
            return self.form.wrong((*place, "type"), "BASE_TYPE_CHOICES", told)
        self._identity(component, place, kind)
        for name, most in LENGTHS.get(kind, {}).items():
            self.form.length((*place, name), component.get(name), most)
        if kind in OPTIONS:
            self._options(component, (*place, "options"), *OPTIONS[kind])
        self._nested(component, place, kind)

    def _identity(self, component: Json, place: Place, kind: int) -> None:
        given = component.get("custom_id")
        link = kind == BUTTON and component.get("style") in (5, 6)
        if kind == BUTTON:
            self._button(component, place, link)
        if given is None:
            if kind in NEED_ID or (kind == BUTTON and not link):
                self.form.required((*place, "custom_id"))
            return
        self.form.length((*place, "custom_id"), given, 100, 1)
        if given in self.ids:
            told = "Component custom id cannot be duplicated"
            self.form.wrong((*place, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", told)
        self.ids.add(given)

    def _button(self, component: Json, place: Place, link: bool) -> None:
        if component.get("style") not in (1, 2, 3, 4, 5, 6):
            told = 'Value of field "style" must be one of (1, 2, 3, 4, 5, 6).'
            self.form.wrong((*place, "style"), "BASE_TYPE_CHOICES", told)
        if link and component.get("custom_id"):
            told = "A custom id and url cannot both be specified"
            self.form.wrong((*place, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL", told)
        if component.get("style") == 5 and not component.get("url"):
            self.form.required((*place, "url"))
        if component.get("style") != 6 and not (component.get("label") or component.get("emoji")):
            self.form.required((*place, "label"))

    def _options(self, component: Json, place: Place, least: int, most: int) -> None:
        options = component.get("options") or ()
        self.form.length(place, options, most, least)
        values = [option.get("value") for option in options]
        for number, option in enumerate(options):
            for name in ("label", "value"):
                self.form.length((*place, number, name), option.get(name), 100, 1)
            self.form.length((*place, number, "description"), option.get("description"), 100)
            if option.get("value") in values[:number]:
                told = "The specified option value is already used"
                code = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
                self.form.wrong((*place, number, "value"), code, told)

    def _nested(self, component: Json, place: Place, kind: int) -> None:
        children = component.get("components")
        if kind == ROW:
            self._row(children, (*place, "components"))
        elif kind == SECTION:
            self.form.length((*place, "components"), children, 3, 1)
            accessory = component.get("accessory") or {}
            self.one(accessory, (*place, "accessory"), (BUTTON, THUMBNAIL))
        elif kind == GALLERY:
            self.form.length((*place, "items"), component.get("items"), 10, 1)
        elif kind == LABEL:
            self.form.length((*place, "label"), component.get("label"), 45, 1)
            self.one(component.get("component") or {}, (*place, "component"), LABELLED)
        if kind in INSIDE:
            inside = (INPUT,) if self.in_form else INSIDE[kind]
            self.all(children, (*place, "components"), inside)
        self._media(component, place)

    def _row(self, children: Any, place: Place) -> None:
        self.form.length(place, children, 5, 1)
        width = sum(1 if child.get("type") == BUTTON else 5 for child in children or ())
        if width > 5:
            told = "The specified component exceeds the maximum width"
            self.form.wrong(place, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", told)

    def _media(self, component: Json, place: Place) -> None:
        """Files named by attachment:// must come with the message."""
        items = [((*place, "items", n), i) for n, i in enumerate(component.get("items") or ())]
        for where, item in [*items, (place, component)]:
            self.form.length((*where, "description"), item.get("description"), 1024)
            for name in ("media", "file"):
                url = (item.get(name) or {}).get("url", "")
                if url.startswith("attachment://") and url[13:] not in self.names:
                    told = "The referenced attachment was not found"
                    code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
                    self.form.wrong((*where, name, "url"), code, told)


def check_message(form: Form, components: Any, layout: bool, names: frozenset[str]) -> None:
    """Complain about the components of a message; `layout` is the components-v2 flag."""
    check = _Walk(form, names)
    check.all(components, ("components",), LAYOUT if layout else CLASSIC)
    if not layout:
        return form.length(("components",), components, 5)
    every = walk(components or [])
    if len(every) > MOST_COMPONENTS:
        told = f"Must have {MOST_COMPONENTS} or fewer components in total"
        form.wrong(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", told)
    if sum(len(c.get("content") or "") for c in every if c.get("type") == TEXT) > MOST_TEXT:
        told = f"The total displayable text must be {MOST_TEXT} or fewer in length"
        form.wrong(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", told)


def check_form(form: Form, data: Json) -> None:
    """Complain about a modal."""
    place = ("data",)
    form.length((*place, "title"), data.get("title"), 45, 1)
    form.length((*place, "custom_id"), data.get("custom_id"), 100, 1)
    form.length((*place, "components"), data.get("components"), 5, 1)
    check = _Walk(form, frozenset(), in_form=True)
    check.all(data.get("components"), (*place, "components"), FORM)
