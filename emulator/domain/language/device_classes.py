"""What kind of device a user agent runs on: the published classes, by rules of our own.

The classes are published, how they are found is not. What a text says of itself decides, from the telling
(a robot that calls itself a phone is a robot) to the general (Windows is a desktop).
"""

from __future__ import annotations

import re

UNKNOWN = "Unknown"

# Patterns without regard to capitals, looked for one after the other; the first that is found decides.
# Robot Imitator is missing: nothing public tells it from the robot that it imitates.
_RULES = [
    ("Hacker", r"<script|\$\{jndi:|\(\)\s*\{|\bunion\s+select\b|\.\./\.\./|sqlmap|nikto|masscan|\bwpscan"),
    ("Anonymized", r"\banonymi[sz]ed\b|\banonymous\b|\bhidden\b|^[x*\-]{3,}$"),
    ("Cloud", r"amazon cloudfront|cloudflare|google-apps-script|googleimageproxy|google-cloud|azure|aws-"),
    ("Robot Mobile", r"(?:android|iphone|ipad|mobile).*(?:(?<!cu)bot\b|crawler|spider|slurp|mediapartners)"),
    (
        "Robot",
        (
            r"(?<!cu)bot\b|crawler|spider|slurp|mediapartners|facebookexternalhit|headlesschrome|phantomjs|lighthouse"
            r"|^(?:curl|wget|python|java|go-http-client|okhttp|libwww|ruby|axios|node-fetch|postmanruntime|httpie"
            r"|apache-httpclient|php)\b"
        ),
    ),
    ("Voice", r"\balexa|amazon echo|\becho/|google ?home|homepod|\bsonos"),
    ("Car", r"tesla|qtcarbrowser|android automotive|\bcarplay|\bcar browser"),
    ("Augmented Reality", r"hololens|google ?glass|\bglass \d|magic leap|vision pro|visionos"),
    ("Virtual Reality", r"oculus|\bquest\b|\bvive\b|\bpico neo|\bvr\b.*safari"),
    ("Watch", r"apple ?watch|watchos|\bwatch\b|wear os|sm-r8\d\d"),
    ("Home Appliance", r"family ?hub|refrigerator|smart ?fridge|\boven\b"),
    ("Handheld Game Console", r"playstation (?:vita|portable)|\bpsp\b|nintendo (?:3ds|dsi?|2ds)|new nintendo 3ds"),
    ("Game Console", r"playstation|\bxbox\b|nintendo|\bwiiu?\b|\bshield\b|\bouya\b|dreamcast"),
    ("eReader", r"kindle/|kobo|\bnook\b|pocketbook|tolino|\bebook"),
    (
        "Set-top box",
        r"\broku|\bcrkey\b|(?-i:\bAFT[A-Z]{1,4}\b)|apple ?tv|set-?top|(?:\b|_)stb|\bmag\d{3}|tivo|bravia vu",
    ),
    ("TV", r"smart-?tv|smarttv|hbbtv|google ?tv|android ?tv|bravia|web0s|webos\.tv|netcast|viera|\btv\b|aquos"),
    (
        "Tablet",
        (
            r"\bipad\b|tablet(?! pc)|playbook|kindle fire|(?-i:\bKF[A-Z]{3,5}\b)|\bsilk/(?!.*mobile)|\bxoom\b"
            r"|nexus (?:7|9|10)\b"
        ),
    ),
    (
        "Phone",
        (
            r"iphone|\bipod\b|windows phone|android(?=.*\bmobile\b)|blackberry|\bbb10\b|symb(?:ian|os)|\bs60\b"
            r"|nokia|\bj2me\b|\bmidp\b|opera mini|\bkaios\b|series ?40|\bwebos/"
        ),
    ),
    # Documented by the makers of Android browsers: without the word Mobile it is a tablet.
    ("Tablet", r"android"),
    ("Mobile", r"\bmobile\b|\bmobi\b|windows ce|\bpda\b|tizen|palm"),
    (
        "Desktop",
        (
            r"windows (?:nt|9\d|xp|2000|me)\b|macintosh|mac ?os|\bcros\b|\bx11\b|linux (?:x86|i\d86)|ubuntu|freebsd"
            r"|openbsd|netbsd|sunos|\bhaiku\b"
        ),
    ),
]


def device_class(user_agent: str, family: str) -> str:
    """One of the published device classes; ``Unknown`` where neither text nor family says anything.

    ``family`` is what the parser calls the device; it knows robots that do not call themselves so (Spider).
    """
    text = f"{user_agent} {family}".strip()
    return next((name for name, pattern in _RULES if re.search(pattern, text, re.IGNORECASE)), UNKNOWN)
