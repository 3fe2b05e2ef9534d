"""A real Chromium plays over key changes: AES-128 TS by its own HLS player, cenc DASH and cbcs CMAF HLS by MSE and
EME ClearKey in a small page. With SLUICE_PLAYERS, a folder with the publishers' own built files (hls.min.js,
shaka-player.compiled.js, dash.all.min.js), those players too."""

import json
import warnings
from pathlib import Path

import pytest

from chromium import PLAYERS, Browser
from sluice import Sluice, profile

ROTATION = 10
# Two changes of the key fall into any stretch this long.
SECONDS = 2 * ROTATION + 1

OWN = {
    "native hls-ts": ("native", "hls-ts", "index.m3u8", 3),
    "mse dash": ("mse", "dash", "index.mpd", 6),
    "mse hls": ("mse", "hls", "index.m3u8", 6),
}
PUBLISHED = {
    "hls.js hls-ts": ("hls.js", "hls-ts", "index.m3u8", 3),
    "hls.js hls": ("hls.js", "hls", "index.m3u8", 6),
    "shaka dash": ("Shaka Player", "dash", "index.mpd", 6),
    "shaka hls-ts": ("Shaka Player", "hls-ts", "index.m3u8", 3),
    "dash.js dash": ("dash.js", "dash", "index.mpd", 6),
    "shaka numbers": ("Shaka Player", "dash-numbers", "index.mpd", 6),
    "dash.js numbers": ("dash.js", "dash-numbers", "index.mpd", 6),
}
FILES = {"hls.js": "hls.min.js", "Shaka Player": "shaka-player.compiled.js", "dash.js": "dash.all.min.js"}


def with_numbers(text):
    """The profile with a second DASH endpoint, whose segments have numbers and no timeline."""
    start, end = text.index("  - id: dash\n"), text.index("speke:\n  main")
    endpoint = text[start:end].replace("id: dash", "id: dash-numbers").replace("Template: timeline", "Template: number")
    return text[:end] + endpoint + text[end:]


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    sluice = Sluice(tmp_path_factory.mktemp("channel"), lambda url: with_numbers(profile(
        url, rotation=ROTATION, rungs=(("high", 320, 180, 400000),))))
    sluice.push()
    sluice.wait_for_segments(6, 120)
    yield sluice
    sluice.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


def is_there(name):
    return bool(PLAYERS) and (Path(PLAYERS) / FILES[PUBLISHED[name][0]]).exists()


def play(names, table, channel, browser):
    licence = f"http://127.0.0.1:{channel.key_port}/clearkey"
    return browser.play(SECONDS, {
        name: (table[name][0], channel.url(table[name][1], table[name][2]), licence) for name in names})


def judge(name, table, playback, channel, browser, show):
    """Fails with every complaint. What an overloaded machine may have spoilt is played once more, alone."""
    complaints, figures = playback.judge(table[name][3])
    show(f"{name}: {json.dumps(figures)}")
    if complaints and playback.idle < 0.1:
        warnings.warn(f"{name}: the machine was overloaded ({playback.idle:.0%} idle): once more after {complaints}")
        playback = play([name], table, channel, browser)[name]
        complaints, figures = playback.judge(table[name][3])
        show(f"{name}, once more: {json.dumps(figures)}")
    notes = [note["text"] for note in playback.report["notes"]][-20:]
    assert not complaints, f"{complaints} {figures} {notes} {playback.console[-10:]}"


@pytest.fixture(scope="module")
def own(channel, browser):
    return play(OWN, OWN, channel, browser)


@pytest.fixture(scope="module")
def published(channel, browser):
    return play([name for name in PUBLISHED if is_there(name)], PUBLISHED, channel, browser)


@pytest.fixture
def show(capsys):
    """Prints a line that is seen when the test passes, too."""

    def line(text):
        with capsys.disabled():
            print(f"\n{text}", flush=True)

    return line


@pytest.mark.parametrize("name", OWN)
def test_plays_over_key_changes(name, own, channel, browser, show):
    judge(name, OWN, own[name], channel, browser, show)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_player(name, request, show):
    if not is_there(name):
        pytest.skip(f"SLUICE_PLAYERS names no folder with {FILES[PUBLISHED[name][0]]}")
    published, channel, browser = (request.getfixturevalue(what) for what in ("published", "channel", "browser"))
    judge(name, PUBLISHED, published[name], channel, browser, show)
