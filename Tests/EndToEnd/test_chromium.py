"""A real Chromium plays over key changes: AES-128 TS by its own HLS player, cenc and cbcs DASH and cbcs CMAF HLS by
MSE and EME ClearKey in a small page. With SLUICE_PLAYERS, a folder with the publishers' own built files (hls.min.js,
shaka-player.compiled.js, dash.all.min.js), those players too."""

import json
import warnings

import pytest

from chromium import Browser
from players import FILES, WIDEVINE, is_there, judge, play, with_variants
from sluice import Sluice, profile

ROTATION = 10
# Two changes of the key fall into any stretch this long.
SECONDS = 2 * ROTATION + 1

OWN = {
    "native hls-ts": ("native", "hls-ts", "index.m3u8", 3),
    "mse dash": ("mse", "dash", "index.mpd", 6),
    "mse dash cbcs": ("mse", "dash-cbcs", "index.mpd", 6),
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
    "shaka dash cbcs": ("Shaka Player", "dash-cbcs", "index.mpd", 6),
    "dash.js dash cbcs": ("dash.js", "dash-cbcs", "index.mpd", 6),
    "shaka hls widevine": (WIDEVINE, "hls-widevine", "index.m3u8", 6),
}
# So many bear two cores at the same time.
SIDE_BY_SIDE = 4


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    sluice = Sluice(tmp_path_factory.mktemp("channel"), lambda url: with_variants(profile(
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


def check(name, table, playback, channel, browser, show):
    """Fails with every complaint."""
    complaints, figures, playback = judge(name, playback, browser, channel, table, lambda text: (
        show(text), warnings.warn(text)))
    show(f"{name}: {json.dumps(figures)}")
    notes = [note["text"] for note in playback.report["notes"]][-20:]
    assert not complaints, f"{complaints} {figures} {notes} {playback.console[-10:]}"


@pytest.fixture(scope="module")
def own(channel, browser):
    return play(browser, channel, SECONDS, OWN)


@pytest.fixture(scope="module")
def published(channel, browser):
    there = [name for name, (player, *_) in PUBLISHED.items() if is_there(player)]
    played = {}
    for start in range(0, len(there), SIDE_BY_SIDE):
        played |= play(browser, channel, SECONDS, {name: PUBLISHED[name] for name in there[start:start + SIDE_BY_SIDE]})
    return played


@pytest.fixture
def show(capsys):
    """Prints a line that is seen when the test passes, too."""

    def line(text):
        with capsys.disabled():
            print(f"\n{text}", flush=True)

    return line


@pytest.mark.parametrize("name", OWN)
def test_plays_over_key_changes(name, own, channel, browser, show):
    check(name, OWN, own[name], channel, browser, show)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_player(name, request, show):
    if not is_there(PUBLISHED[name][0]):
        pytest.skip(f"SLUICE_PLAYERS names no folder with {FILES[PUBLISHED[name][0]]}")
    published, channel, browser = (request.getfixturevalue(what) for what in ("published", "channel", "browser"))
    check(name, PUBLISHED, published[name], channel, browser, show)
