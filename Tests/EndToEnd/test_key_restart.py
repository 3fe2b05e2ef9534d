"""kill -9 in the middle of a key period: the same URLs give the same bytes, with the key provider and without it."""

import time

import verify_dash
from playlists import media, media_url
from provider_faults import SEGMENT, channel
from sluice import Sluice, get, wait_for

ROTATION = 10
PLAYLISTS = ("clear", "hls-ts", "hls-sample", "hls")


def listed(sluice):
    """The path of everything that the manifests list; what they call missing is none of it: a gap of a late key, say."""
    urls = []
    for endpoint in PLAYLISTS:
        for entry in media(media_url(sluice.url(endpoint))).entries:
            urls += [entry.map] if entry.is_gap else [entry.url, entry.map]
    mpd = sluice.url("dash", "index.mpd")
    for track in verify_dash.tracks(mpd, verify_dash.fetch_mpd(mpd)):
        urls += [track.init, *(segment[1] for segment in track.segments)]
    return {url.removeprefix(sluice.origin) for url in urls if url}


def newest(sluice):
    return min(media(media_url(sluice.url(endpoint))).last for endpoint in PLAYLISTS)


def test_a_kill_in_the_middle_of_a_period(tmp_path):
    sluice = Sluice(tmp_path, lambda url: channel("live", url, ROTATION, 4))
    try:
        sluice.push(size="160x90")
        first = sluice.wait_for_segments(1)["lastSegment"]
        # Two rotations, and then some way into a period.
        boundary = (first * SEGMENT // ROTATION + 2) * ROTATION
        wait_for("segments under three keys", lambda: sluice.status()["lastSegment"] * SEGMENT > boundary, 180)
        wait_for("the middle of a period", lambda: 3 < time.time() % ROTATION < 7)
        paths = listed(sluice)
        before = {path: get(sluice.origin + path) for path in paths}
        assert {code for code, _, _ in before.values()} == {200}
        for endpoint in ("hls-ts", "hls-sample", "hls", "dash"):
            assert sum(f"/{endpoint}/" in path for path in paths) >= 4

        # Without the provider: the keys are on the disk, sealed.
        sluice.keys.stop()
        sluice.daemon.child.kill()
        sluice.daemon.child.wait()
        sluice.start_daemon()
        assert sluice.daemon.said("^keys of before the restart are held")
        assert paths <= listed(sluice)
        for path, (_, _, body) in before.items():
            code, _, again = get(sluice.origin + path)
            assert (code, again == body) == (200, True), path
        last = newest(sluice)

        # With it: the window goes on.
        sluice.start_keys()
        sluice.push(size="160x90")
        wait_for("new segments", lambda: newest(sluice) >= last + 3, 180)
        for path, (_, _, body) in before.items():
            assert get(sluice.origin + path)[2] == body, path

        # In the middle of the period again, right away.
        paths = listed(sluice)
        before = {path: get(sluice.origin + path) for path in paths}
        assert [path for path, (code, _, _) in before.items() if code != 200] == []
        sluice.daemon.child.kill()
        sluice.daemon.child.wait()
        sluice.start_daemon()
        for path, (_, _, body) in before.items():
            code, _, again = get(sluice.origin + path)
            assert (code, again == body) == (200, True), path
    finally:
        sluice.close()
