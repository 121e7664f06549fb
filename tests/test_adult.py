"""The check of words: what it takes for adult, and what it must leave alone."""

import pytest

from tools.adult import tone


@pytest.mark.parametrize(
    "wish",
    [
        "a NUDE woman on a beach",
        "Ｎａｋｅｄ dancer",
        "hardcore porn",
        "two people having sex",
        "una mujer desnuda",
        "une femme nue",
        "eine nackte Frau",
        "donna nuda",
        "uma mulher nua",
        "обнажённая женщина",
        "голая девушка",
        "画一张裸体女人",
        "一张色情图片",
        "她们在做爱",
        "ヌード写真",
        "a portrait, nsfw_style",
    ],
)
def test_an_adult_wish_is_known_by_its_words(wish: str) -> None:
    assert tone(wish) == "adult"


@pytest.mark.parametrize(
    "wish",
    [
        "a map of Essex and Sussex",
        "a naked mole rat",
        "stars one sees with the naked eye",
        "chicken breast with rice, a great tit and a cock",
        "an analysis of the cockpit",
        "a sextant and a sextet",
        "denuded hills",
        "a scantily lit street",
        "Nacktschnecken im Garten",
        "une nuée d'oiseaux, un ciel nuageux",
        "el ascensor, la cena",
        "男性爱好者的房间",
        "女性交流会的海报",
        "出口交通标志",
        "特色情侣餐厅",
        "角色情感设计",
        "小孩做爱心卡片",
        "少女在花园里",
        "裸体育馆",
        "голубой дом",
        "children playing football",
        "ショートケーキ",
        "",
    ],
)
def test_words_are_never_found_inside_others(wish: str) -> None:
    assert tone(wish) == ""


@pytest.mark.parametrize(
    "wish",
    [
        "a nude child",
        "naked 15 year old",
        "hentai loli",
        "desnuda, niña",
        "裸体的幼女",
        "голая девочка",
    ],
)
def test_what_is_drawn_for_nobody(wish: str) -> None:
    assert tone(wish) == "never"
