"""The words and rules of the language `stories`, as data.

A rule's text is a row of items, separated by spaces:

=================  ==========================================================
`kite`             the word itself
`~said`            one of several ways to say the same thing
`>turn`            one of several things that may happen
`*weather`         any word of a pool, not remembered
`+colour`          any word of a pool, remembered as the story's colour
`+clue:place-here` the same, by the name `clue`, and not the word known as `here`
`@colour`          the colour that was told
`@hero.his`        his or her, as the hero's gender asks
`=clue:@here`      remember without a word (`=clue:` forgets)
`^*weather`        the same as `*weather`, with a or an before it
=================  ==========================================================

Every choice costs its own probability, at the moment when it is made, and no two
ways through the rules give the same text: so the probability of a text is a product.
"""

from typing import NamedTuple

END = "\n"  # closes a story (`<end>` in a rule); in a corpus, the end of its line
DIALECTS = ("hill", "shore")
GENDERS = ("she", "he")
OWNERS = ("Quentin", "Ursula", "Xaver", "Yvonne")  # of planted secrets; in no story


class Row(NamedTuple):
    """One way to rewrite a name: its label, weight, condition and text."""

    label: str
    weight: float | str  # a number, the name of a share, or "!name" for one minus it
    when: str
    text: str


class Pool(NamedTuple):
    """Equally likely words, which may depend on what was told before."""

    by: tuple[str, ...]
    table: dict[tuple[str, ...], tuple[str, ...]]


def _pool(words: str) -> Pool:
    return Pool((), {(): tuple(words.split())})


def _by(register: str, **words: str) -> Pool:
    return Pool((register,), {(key,): tuple(row.split()) for key, row in words.items()})


# Roles that come in pairs, and the two homes of each pair.
ROLE_PAIRS = {
    ("queen", "king"): "castle palace",
    ("princess", "prince"): "turret citadel",
    ("lady", "lord"): "manor hall",
    ("duchess", "duke"): "mansion villa",
    ("witch", "wizard"): "cave tower",
    ("nun", "monk"): "abbey chapel",
    ("actress", "actor"): "theatre wagon",
    ("hostess", "host"): "inn tavern",
    ("woman", "man"): "cottage house",
    ("girl", "boy"): "hut cabin",
}
# Relatives that come in pairs, and two words said of each pair alone.
KIN_PAIRS = {
    ("grandmother", "grandfather"): "wise wrinkled",
    ("mother", "father"): "dear patient",
    ("aunt", "uncle"): "rich merry",
    ("sister", "brother"): "little noisy",
    ("niece", "nephew"): "playful freckled",
}
# What each animal cannot resist.
FAVOURITES = {
    "mouse": "cheese",
    "dog": "bone",
    "rabbit": "carrot",
    "cat": "fish",
    "squirrel": "nut",
    "fox": "egg",
    "goat": "cabbage",
    "crow": "cherry",
    "monkey": "banana",
    "pig": "acorn",
}
# Professions that `skew` gives to one gender more than to the other.
PROFESSIONS = {
    "he": "doctor captain judge carpenter",
    "she": "nurse teacher dancer weaver",
}
ANIMALS = tuple(FAVOURITES)

POOLS: dict[str, Pool] = {
    "hero": _by(
        "hero_gender",
        she="Ida Mia Nora Rosa Lena Ruth Greta Clara Vera Hilda Anna Elsa",
        he="Tom Otto Max Emil Karl Felix Hugo Oscar Jonas Peter Anton Leo",
    ),
    "role": _by(
        "hero_gender",
        she=" ".join(she for she, _ in ROLE_PAIRS),
        he=" ".join(he for _, he in ROLE_PAIRS),
    ),
    "home": _by(
        "role", **{role: homes for pair, homes in ROLE_PAIRS.items() for role in pair}
    ),
    "colour": _pool(
        "red blue green yellow white black golden silver purple orange ivory pink"
    ),
    "object": _pool(
        "kite lamp drum ring crown flute violin clock mirror ball hat cup bell book "
        "umbrella scarf whistle key vase fan"
    ),
    "kinly": _pool(" ".join(KIN_PAIRS.values())),
    "kin": Pool(
        ("kin_gender", "kinly"),
        {
            (gender, word): (pair[GENDERS.index(gender)],)
            for pair, words in KIN_PAIRS.items()
            for word in words.split()
            for gender in GENDERS
        },
    ),
    "digit": _pool("zero one two three four five six seven eight nine"),
    "gift": _pool(" ".join(FAVOURITES.values())),
    "bag": _pool("pocket basket sack bag"),
    "weather": _pool(
        "windy rainy bright cold foggy snowy stormy icy mild hot sunny frosty"
    ),
    "daytime": _pool("morning afternoon evening day"),
    "place": _pool(
        "mill bridge market well harbour lake orchard fountain quarry beach gate ferry "
        "pond garden school station"
    ),
    "animal": _pool(" ".join(ANIMALS)),
    "fond": Pool(("gift",), {(FAVOURITES[a],): (a,) for a in ANIMALS}),
    "cool": Pool(
        ("gift",),
        {(FAVOURITES[a],): tuple(b for b in ANIMALS if b != a) for a in ANIMALS},
    ),
    "profession": _by("group", **PROFESSIONS),
    # adjectives for whoever, adjectives for whatever, adverbs
    "trait": _pool(
        "brave proud gentle stubborn lazy lucky cheerful eager nosy loyal daring "
        "upright friendly tired busy jolly serious anxious clever hungry shy polite "
        "nervous greedy"
    ),
    "quality": _pool(
        "old new odd fine plain strange lovely small big grand simple pretty dull "
        "splendid ugly famous humble ordinary unusual wonderful gloomy modest peculiar "
        "charming rare quaint rustic heavy"
    ),
    "manner": _pool(
        "slowly quickly quietly calmly eagerly boldly shyly softly bravely sleepily "
        "secretly politely gravely patiently nervously solemnly proudly gladly kindly "
        "gently loudly wildly happily merrily warmly"
    ),
    "grief": _pool(
        "sadly bitterly loudly quietly softly gravely secretly wildly miserably "
        "angrily slowly nervously solemnly"
    ),
    "joy": _pool(
        "happily merrily gladly proudly warmly kindly softly shyly loudly brightly "
        "quietly gently calmly politely eagerly"
    ),
    "shelter": _pool(
        "oak elm pine willow beech bush bench barrel cart tent rock hedge"
    ),
}
# The pool that each remembered word comes from (where the two names differ).
REGISTER_POOLS = {
    **dict.fromkeys(("here", "clue"), "place"),
    **dict.fromkeys(("digit1", "digit2", "digit3"), "digit"),
    "thief": "animal",
    "helper": "profession",
}

# Ways to say the same. Hill writers prefer the first and use them all; shore writers
# prefer the last, and more strongly.
SAME: dict[str, str] = {
    # words
    "once_hill": "once / once upon a time",
    "once_shore": "ages ago / years ago / long ago",
    "named": "named / called",
    "lived": "lived / dwelt",
    "she": "@hero.he / the @role / @hero",
    "name": "the @role / the @trait @role / @hero",
    "it": "the @object / @hero.his @object / the @colour @object",
    "loved": "loved / treasured / adored / cherished",
    "most": "most / dearly / deeply / greatly",
    "greatest": "greatest / dearest / finest",
    "possession": "treasure / possession",
    "received": "received / inherited / got",
    "given": "given / handed / sent",
    "bore": "bore / had / showed / carried",
    "kept": "kept / carried / hid",
    "took": "took / brought / carried",
    "stole": "stole / snatched / seized / grabbed / took",
    "lost": "lost / mislaid / misplaced / dropped",
    "vanished": "vanished / disappeared",
    "near": "near / beside / by / at",
    "wept": "wept / sobbed / sighed / cried",
    "find": "recover / seek / find",
    "left": "departed / went / started / left",
    "soon": "soon / presently / shortly / then",
    "met": "met / noticed / spotted / encountered",
    "along": "along / past / by",
    "pointed": "pointed / nodded / waved",
    "try": "search / find / visit / try",
    "said": "said / answered / replied / called",
    "found": "discovered / spotted / found / saw",
    "hurried": "hurried / hastened / walked / ran / went",
    "only": "only / just",
    "slept": "slept / rested / napped / dozed",
    "sang": "sang / hummed / whistled",
    "song": "song / tune / melody",
    "climbed": "climbed / crossed / reached",
    "hill": "hill / ridge / slope",
    "thought": "thought / dreamed",
    "atlast": "finally / eventually / at last",
    "offered": "offered / handed / gave",
    "returned": "returned / surrendered / yielded",
    "ate": "devoured / swallowed / ate",
    "refused": "refused / disliked / declined",
    "dropped": "dropped / released / returned",
    "until": "until / till",
    "chased": "chased / hunted / followed",
    "begged": "begged / urged / asked",
    "smiled": "smiled / nodded / grinned / laughed",
    "guarded": "guarded / treasured / minded / kept",
    "ever": "thereafter / afterwards",
    # sentences
    "opening": """
        ~once there *joy ~lived ^+trait >gender +role ~named +hero in ^*quality +home .
            /
        ~once ^+trait >gender +role ~named +hero *joy ~lived in ^*quality +home . /
        ~once >gender +hero , ^+trait +role , *joy ~lived in ^*quality +home .""",
    "plain": """
        ~she ~loved @hero.his *quality +colour +object ~most . /
        @hero.his ~greatest ~possession was ^*quality +colour +object .""",
    "given_by": """
        from @hero.his +kinly >kin ~she *joy ~received ^*quality +colour +object . /
        @hero.his +kinly >kin had *joy ~given @hero.him ^*quality +colour +object .""",
    "marked": """
        it ~bore the number >digits . /
        its number was >digits .""",
    "packed": """
        in @hero.his *bag ~she *manner ~kept ^*quality +gift . /
        ~she *manner ~kept ^*quality +gift in @hero.his *bag .""",
    "stolen": """
        one *weather *daytime , ~near the *quality +here:place , >thief *manner ~stole
            ~it . /
        one *weather *daytime ~she ~took ~it to the *quality +here:place , where >thief
            *manner ~stole it .""",
    "lost_it": """
        one *weather *daytime , ~near the *quality +here:place , ~it ~vanished . /
        one *weather *daytime ~she ~lost ~it ~near the *quality +here:place .""",
    "wish": """
        ~she ~wept *grief and *manner ~left to ~find it . /
        ~near the @here ~she ~wept *grief and *manner ~left to ~find it .""",
    "meet": """
        ~soon ~name *manner ~met ^*trait >helper . /
        ~soon ^*trait >helper came *manner ~along .""",
    "points": """
        @helper.he *manner ~pointed to the *quality +clue:place-here . /
        " ~try the *quality +clue:place-here ! " @helper.he ~said *manner .""",
    "points_noun": """
        the @helper *manner ~pointed to the *quality +clue:place-here . /
        " ~try the *quality +clue:place-here ! " ~said the @helper *manner .""",
    "vain": """
        ~near the @clue ~name *manner ~found ~only ^*quality *object-object . /
        ~name *manner ~hurried to the @clue but ~found ~only ^*quality *object-object
            .""",
    "rest": """
        under ^*quality *shelter ~who ~slept *manner . /
        ~who ~slept *manner under ^*quality *shelter .""",
    "hum": """
        *manner ~who ~sang ^*quality ~song . /
        ~who *manner ~sang ^*quality ~song .""",
    "climb": """
        *manner ~who ~climbed ^*quality ~hill . /
        ~who *manner ~climbed ^*quality ~hill .""",
    "homesick": """
        *manner ~who ~thought of the @home . /
        ~who ~thought *manner of the @home .""",
    "catch": """
        ~near the @here ~name *manner ~found the @thief . /
        ~atlast ~name *manner ~found the @thief ~near the @here .""",
    "trade": """
        ~she *manner ~offered it the @gift and it *manner ~returned ~it . /
        it *manner ~ate the @gift and *manner ~returned ~it .""",
    "refusal": """
        it ~refused the @gift but *manner ~returned ~it for ^*quality ~song . /
        it ~refused the @gift , but for ^*quality ~song it *manner ~returned ~it .""",
    "lullaby": """
        ~she *manner ~sang ^*quality ~song ~until it ~dropped ~it . /
        it ~dropped ~it when ~she *manner ~sang ^*quality ~song .""",
    "please": """
        ~she *manner ~begged the @thief for ~it , and it *manner ~returned it . /
        " please ! " ~she ~begged *manner , and the @thief *manner ~returned ~it .""",
    "chase": """
        ~she ~chased it *manner around ^*quality *shelter ~until it ~dropped ~it . /
        around ^*quality *shelter ~she *manner ~chased it ~until it ~dropped ~it .""",
    "lying": """
        ~near the @here ~name *manner ~found ~it under ^*quality *shelter . /
        ~atlast ~name *manner ~found ~it under ^*quality *shelter ~near the @here .""",
    "finder": """
        ~near the @here waited ^*trait >helper with ~it . /
        ~atlast ~name ~met ^*trait >helper with ~it ~near the @here .""",
    "proof": """
        ~name *manner named the number @digit1 @digit2 @digit3 and the @helper
            *joy ~returned ~it . /
        " @digit1 @digit2 @digit3 ! " ~said ~name *manner , and the @helper *joy
            ~returned ~it .""",
    "kindness": """
        @helper.he ~smiled *joy and ~returned it . /
        ~returning *joy @helper.he ~offered @hero.him ~it .""",
    "returning": "smiling / grinning / laughing",
    "kindness_noun": """
        the @helper ~smiled *joy and ~returned it . /
        ~returning *joy the @helper ~offered @hero.him ~it .""",
    "home_again": """
        *joy ~name ~hurried to the @home with ~it . /
        ~name *joy ~took ~it to the @home .""",
    "shown": """
        when @kin.he saw the @colour @object , @hero.his @kin ~smiled *joy . /
        @hero.his @kin ~smiled *joy when @kin.he saw the @colour @object .""",
    "kept_safe": """
        ~ever the @trait @role ~guarded the @colour @object *joy . /
        the @trait @role ~guarded the @colour @object *joy ~ever .""",
}

# What may happen: label, weight, condition, text.
PLOT: dict[str, tuple[Row, ...]] = {
    "story": (
        Row(
            "story",
            1,
            "",
            ">dialect ~opening >treasure >mark >pocket >loss ~wish >turns0 >arrive "
            ">climax ~home_again >closing >forget >questions <end>",
        ),
    ),
    "dialect": (
        Row("hill", "!shore", "", "=dialect:hill"),
        Row("shore", "shore", "", "=dialect:shore"),
    ),
    "once": (
        Row("hill", 1, "dialect=hill", "~once_hill"),
        Row("shore", 1, "dialect=shore", "~once_shore"),
    ),
    "gender": (
        Row("she", "heroines", "", "=hero_gender:she"),
        Row("he", "!heroines", "", "=hero_gender:he"),
    ),
    "treasure": (
        Row("given", "details", "", "~given_by"),
        Row("owned", "!details", "", "~plain"),
    ),
    "kin": (
        Row("she", 1, "", "=kin_gender:she +kin"),
        Row("he", 1, "", "=kin_gender:he +kin"),
    ),
    "mark": (Row("told", "details", "", "~marked"), Row("untold", "!details", "", "")),
    "digits": (Row("digits", 1, "", "+digit1:digit +digit2:digit +digit3:digit"),),
    "pocket": (
        Row("told", "details", "", "~packed"),
        Row("untold", "!details", "", ""),
    ),
    "loss": (
        Row("stolen", 1, "", "=loss:stolen ~stolen"),
        Row("lost", 1, "", "=loss:lost ~lost_it"),
    ),
    "thief": (
        Row("fond", 1, "gift", "=fond:yes ^*trait +thief:fond"),
        Row("cool", 1, "gift", "^*trait +thief:cool"),
        Row("any", 1, "!gift", "^*trait +thief:animal"),
    ),
    "turn": (
        Row("ask", 6, "!clue", "~meet >tell =last:ask"),
        Row("vain", 4, "clue", "~vain =here:@clue =clue: ~meet >tell =last:ask"),
        Row("rest", 2, "last!=rest", "~rest =last:rest"),
        Row("hum", 2, "last!=hum", "~hum =last:hum"),
        Row("climb", 2, "last!=climb", "~climb =last:climb"),
        Row("homesick", 1, "last!=homesick", "~homesick =last:homesick"),
    ),
    "who": (
        Row("name", 1, "last=ask", "~name"),
        Row("she", 1, "last!=ask", "~she"),
    ),
    "helper": (
        Row("he", 1, "", "=group:he =helper_gender: +helper:profession-helper"),
        Row("she", 1, "", "=group:she =helper_gender: +helper:profession-helper"),
    ),
    "reveal": (
        Row("he", "skew", "group=he", "=helper_gender:he"),
        Row("she", "!skew", "group=he", "=helper_gender:she"),
        Row("she", "skew", "group=she", "=helper_gender:she"),
        Row("he", "!skew", "group=she", "=helper_gender:he"),
    ),
    "tell": (
        Row("pronoun", 2, "", ">reveal ~points"),
        Row("noun", 1, "", "~points_noun"),
    ),
    "arrive": (
        Row("clue", 1, "clue", "=here:@clue =clue: =last:"),
        Row("here", 1, "!clue", "=last:"),
    ),
    "climax": (
        Row("caught", 1, "loss=stolen", "~catch >exchange"),
        Row("lying", 1, "loss=lost", "~lying"),
        Row("person", 1, "loss=lost", "~finder >handover"),
    ),
    "exchange": (
        Row("trade", 1, "fond", "~trade"),
        Row("refusal", 3, "!fond gift", "~refusal"),
        Row("lullaby", 1, "!fond", "~lullaby"),
        Row("please", 1, "!fond", "~please"),
        Row("chase", 1, "!fond", "~chase"),
    ),
    "handover": (
        Row("proof", 1, "digit1", "~proof"),
        Row("pronoun", 2, "!digit1", ">reveal ~kindness"),
        Row("noun", 1, "!digit1", "~kindness_noun"),
    ),
    "closing": (
        Row("shown", 1, "kin", "~shown"),
        Row("safe", 1, "!kin", "~kept_safe"),
    ),
    # What no question asks for: fewer states to add up.
    "forget": (
        Row(
            "forget",
            1,
            "",
            "=dialect: =loss: =fond: =group: =here: =helper: =helper_gender:",
        ),
    ),
    "question": (
        Row(
            "colour",
            "!untold",
            "!asked1",
            "=asked1:yes what colour was the @object ? @colour .",
        ),
        Row(
            "home",
            "!untold",
            "!asked2",
            "=asked2:yes where did @hero live ? in the @home .",
        ),
        Row("role", "!untold", "!asked3", "=asked3:yes who was @hero ? ^@role ."),
        Row(
            "thief",
            "!untold",
            "!asked4",
            "=asked4:yes who stole the @object ? >culprit .",
        ),
        Row("gift", "!untold", "!asked5 gift", "=asked5:yes >ask_gift ^@gift ."),
        Row("gift untold", "untold", "!asked5 !gift", "=asked5:yes >ask_gift >silent"),
        Row("kin", "!untold", "!asked6 kin", "=asked6:yes >ask_kin @hero.his @kin ."),
        Row("kin untold", "untold", "!asked6 !kin", "=asked6:yes >ask_kin >silent"),
        Row(
            "number",
            "!untold",
            "!asked7 digit1",
            "=asked7:yes >ask_number @digit1 @digit2 @digit3 .",
        ),
        Row(
            "number untold",
            "untold",
            "!asked7 !digit1",
            "=asked7:yes >ask_number >silent",
        ),
    ),
    "culprit": (
        Row("thief", 1, "thief", "the @thief"),
        Row("nobody", 1, "!thief", "nobody"),
    ),
    "ask_gift": (Row("gift", 1, "", "what did @hero carry ?"),),
    "ask_kin": (Row("kin", 1, "", "who gave @hero the @object ?"),),
    "ask_number": (Row("number", 1, "", "what number was on the @object ?"),),
    "silent": (Row("silent", 1, "", "the story does not say ."),),
}
