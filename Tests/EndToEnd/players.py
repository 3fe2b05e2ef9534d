"""What the publishers' own players play of a channel, from the folder with their built files that SLUICE_PLAYERS
names, and the endpoints for it."""

import json
from pathlib import Path

from chromium import PLAYERS

FILES = {"hls.js": "hls.min.js", "Shaka Player": "shaka-player.compiled.js", "dash.js": "dash.all.min.js"}

# Shaka Player knows no ClearKey in HLS: there ClearKey stands in for Widevine's module, and the player for Widevine.
WIDEVINE = "Shaka Player, Widevine"
FILES[WIDEVINE] = FILES["Shaka Player"]


def with_variants(text):
    """A profile of `sluice.profile` with an endpoint more for segments that have numbers and no timeline, for cbcs in
    DASH, for an MPD that is patched, and for Widevine in HLS."""
    hls, dash, end = (text.index(where) for where in ("  - id: hls\n", "  - id: dash\n", "speke:\n  main"))
    more = (
        text[dash:end].replace("id: dash", "id: dash-numbers").replace("Template: timeline", "Template: number"),
        text[dash:end].replace("id: dash", "id: dash-cbcs").replace("scheme: cenc", "scheme: cbcs"),
        text[dash:end].replace("id: dash", "id: dash-patched\n    mpdPatch: true"),
        text[hls:dash].replace("id: hls", "id: hls-widevine").replace("[clearkey]", "[widevine]"),
    )
    return text[:end] + "".join(more) + text[end:]


def is_there(player):
    return bool(PLAYERS) and (Path(PLAYERS) / FILES[player]).exists()


def play(browser, channel, seconds, table):
    """Plays {name: (player, endpoint, file, least number of keys)} side by side."""
    licence = f"http://127.0.0.1:{channel.key_port}/clearkey"
    return browser.play(seconds, {
        name: (player, channel.url(endpoint, file), licence) for name, (player, endpoint, file, _) in table.items()})


def judge(name, playback, browser, channel, table, say):
    """(complaints, figures, playback). What a machine that is overloaded or stands still may have spoilt is played
    again, alone, up to twice: a real fault repeats."""
    complaints, figures = playback.judge(table[name][3])
    for _ in range(2):
        if not complaints or not playback.was_disturbed:
            break
        say(f"{name}: once more, the machine was overloaded or stood still: {complaints} {json.dumps(figures)}")
        playback = play(browser, channel, playback.seconds, {name: table[name]})[name]
        complaints, figures = playback.judge(table[name][3])
    return complaints, figures, playback
