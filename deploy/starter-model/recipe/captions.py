"""Captions, drawn anew each time: synonyms, languages, phrases, styles, colours."""

import random
from collections import Counter
from typing import Any

from recipe.concepts import Concept, words
from recipe.prepare import Shown

ENGLISH = 0.6
"""The share of English; the other languages have the rest together."""
VOWELS = "aeiou"


def with_article(text: str, pick: random.Random) -> str:
    """An English noun with "a", "an" or "the"."""
    if pick.random() < 0.2:
        return f"the {text}"
    return f"an {text}" if text[:1] in VOWELS else f"a {text}"


class Captions:
    """What a person might have said to get a picture."""

    def __init__(self, concepts: list[Concept]) -> None:
        self.concepts = concepts
        self.words: dict[str, Any] = words()
        self.people = next((c.others for c in concepts if "german" in c.others), [])
        self.uses = Counter(
            (language, tag)
            for concept in concepts
            for language, tags in concept.tags.items()
            for tag in set(tags)
        )

    def draw(self, shown: Shown, pick: random.Random) -> str:
        """A caption of a picture."""
        concept = self.concepts[shown.concept]
        if shown.beside >= 0:
            other = self.concepts[shown.beside]
            text = f"{with_article(concept.name, pick)} and {with_article(other.name, pick)}"
            return self._styled(text, "en", shown.style, pick)
        language = self._language(concept, pick)
        text = self._name(concept, language, pick, bool(shown.colour))
        colour = shown.colour or (shown.own_colour if pick.random() < 0.25 else "")
        if colour:
            text = pick.choice(self.words["colours"][colour][language]).format(text)
        elif language == "en" and self.people and pick.random() < 0.02:
            text = f"{pick.choice(self.people)} {text}"
        return self._styled(self._carried(text, language, pick), language, shown.style, pick)

    def _language(self, concept: Concept, pick: random.Random) -> str:
        foreign = [language for language in concept.labels if language != "en"]
        return "en" if not foreign or pick.random() < ENGLISH else pick.choice(foreign)

    def _name(self, concept: Concept, language: str, pick: random.Random, colour: bool) -> str:
        if concept.others and pick.random() < 0.6:
            return pick.choice(concept.others)
        chance = pick.random()
        tags = concept.tags.get(language, [])
        if language == "en" and concept.aliases and chance < 0.55:
            return pick.choice([concept.name, *concept.aliases])
        if language == "en" and concept.short and chance > 0.92:
            return pick.choice(concept.short)
        if colour and concept.aliases and language == "en":
            return concept.name
        if tags and chance > 0.7:
            weights = [1 / self.uses[language, tag] for tag in tags]
            return " ".join(dict.fromkeys(pick.choices(tags, weights, k=1 + (chance > 0.9))))
        return concept.labels[language]

    def _carried(self, text: str, language: str, pick: random.Random) -> str:
        if language == "en" and pick.random() < 0.35:
            text = with_article(text, pick)
        if pick.random() < 0.3:
            text = pick.choice(self.words["carriers"][language]).format(text)
        return text

    def _styled(self, text: str, language: str, style: str, pick: random.Random) -> str:
        table = self.words["styles"][style]
        forms = table["en" if language == "en" else "other"]
        if pick.random() < table["plain"] / (table["plain"] + len(forms)):
            return text
        return str(pick.choice(forms)).format(text)

    def plain(self, shown: Shown) -> str:
        """The plainest caption: the English label in its style."""
        concept = self.concepts[shown.concept]
        table = self.words["styles"][shown.style]
        return concept.label if table["plain"] else str(table["en"][1]).format(concept.label)

    def corpus(self) -> Counter[str]:
        """Every word the tokenizer should know, with a weight."""
        texts: Counter[str] = Counter()
        for concept in self.concepts:
            texts.update({name: 12 for name in concept.aliases})
            texts.update({name: 2 for name in concept.short} | {name: 1 for name in concept.others})
            for language, label in concept.labels.items():
                texts[label] += 4 if language == "en" else 2
                texts.update(concept.tags.get(language, []))
        forms = [form for t in self.words["styles"].values() for form in (*t["en"], *t["other"])]
        forms += [form for carriers in self.words["carriers"].values() for form in carriers]
        for table in self.words["colours"].values():
            forms += [
                form for language, told in table.items() if language != "look" for form in told
            ]
        texts.update({form.replace("{}", "").strip(): 60 for form in forms})
        return texts
