"""One push of 34 s with a new key every 10 s: what comes out is right, by tools that are not ours.

`Tools/verify/long-push` does the same for three minutes.
"""

import pytest

import verify_clock
import verify_media
import verify_sound
from capture import Capture, Source
from sluice import Sluice, profile
from verify_hls import Watch

SEGMENT, ROTATION, SECONDS, RATE = 2, 10, 34, 30
WIDTHS = {"high": 320, "low": 160}


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    """(capture, watch, source) of a finished push."""
    sluice = Sluice(
        tmp_path_factory.mktemp("media"), lambda key_url: profile(key_url, rotation=ROTATION, segment=SEGMENT))
    try:
        source = Source(sluice, SECONDS, rate=RATE)
        sluice.wait_for_segments(1)
        watch = Watch(sluice, ["clear", "hls-ts", "hls"])
        source.wait()
        capture = Capture(sluice)
        watch.stop()
        yield capture, watch, source
    finally:
        sluice.close()


def test_playlists(pushed):
    capture, watch, _ = pushed
    print(verify_media.check_hls(capture, watch, SEGMENT, ROTATION))


def test_mpd(pushed):
    print(verify_media.check_dash(pushed[0], SEGMENT, ROTATION))


def test_multivariant_playlist(pushed):
    capture, watch, _ = pushed
    print(verify_media.check_multivariant(capture, watch))


@pytest.mark.parametrize("rung", WIDTHS)
def test_transport_streams(pushed, rung):
    print(verify_media.check_pictures(pushed[0], rung, WIDTHS[rung]))
    print(verify_media.check_transport_stream(pushed[0], rung, RATE))


def test_sound(pushed):
    capture, _, source = pushed
    print(verify_sound.check_tone(capture, "high"))
    print(verify_sound.check_av_offset(capture, source, WIDTHS))


def test_wall_clock(pushed):
    print(verify_clock.check_same_second(pushed[0], WIDTHS, 2))


@pytest.mark.parametrize("endpoint, scheme", [("hls", "cbcs"), ("dash", "cenc")])
def test_decryption(pushed, endpoint, scheme):
    print(verify_media.check_decryption(pushed[0], endpoint, scheme))
