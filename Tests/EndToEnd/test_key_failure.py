"""The key server stops around a rotation: the key that was fetched ahead, the grace, nothing at all, and back."""

from key_outage import Watchers, begin_outage, clear_samples, end_outage, judge
from playlists import media, media_url
from sluice import get, wait_for

ROTATION, SEGMENT, GRACE = 10, 2, 4


def test_an_outage_longer_than_the_grace(start):
    sluice = start(rotation=ROTATION, segment=SEGMENT, grace=GRACE, prefetch=3, bframes=0,
                   rungs=(("low", 160, 90, 200000),))
    sluice.push(size="160x90")
    sluice.wait_for_segments(1)
    with Watchers(sluice, ("clear", "hls-ts", "hls")) as watches:
        protected = [watches["hls-ts"], watches["hls"]]
        dash = sluice.url("dash", "index.mpd")
        stopped, boundary = begin_outage(sluice, ROTATION)
        started = end_outage(sluice, lambda: get(dash)[0] == 503, 120)
        _, headers, _ = get(dash)
        wait_for("keys are back", lambda: get(dash)[0] == 200)
        wait_for("so are playlists", lambda: all(watch.looks[-1].code == 200 for watch in protected))
        back = sluice.status()["lastSegment"]
        wait_for("a segment under a fetched key", lambda: all(max(watch.segments) > back + 1 for watch in protected))

    assert not sluice.daemon.messages("^publication ended") and len(sluice.daemon.messages("^on air")) == 1
    assert sluice.daemon.said("^no key past the grace") and sluice.daemon.said("^keys are back")
    verdict = judge(watches["hls-ts"], ROTATION, SEGMENT, GRACE)
    assert verdict.problems == []
    # The rotation after the stop had its key; the one after that went on with the old one for the grace.
    assert [number * SEGMENT for number in verdict.exceptions] == list(range(boundary, boundary + GRACE, SEGMENT))
    assert verdict.latest_use(ROTATION, SEGMENT) == GRACE - SEGMENT
    for watch in protected:
        assert watch.withheld and watch.looks[-1].code == 200
        for look in watch.withheld:
            assert look.headers["Cache-Control"] == "no-store" and look.headers["Retry-After"]
            # Until the grace is over, viewers have everything.
            assert look.at >= boundary + GRACE
        lasts = [look.last for look in watch.looks if look.last]
        assert lasts == sorted(lasts)
    assert clear_samples(watches["hls"], watches["clear"]) == []
    # Channels in the clear do not notice, and nobody was given a gap or a break.
    assert all(look.code == 200 for look in watches["clear"].looks)
    for endpoint in watches:
        found = media(media_url(sluice.url(endpoint)))
        assert not any(entry.is_gap or entry.is_discontinuity for entry in found.entries)
        # What was listed by then is what it was.
        for entry in found.entries[-12:-1]:
            if entry.number in watches[endpoint].segments:
                assert get(entry.url)[2] == watches[endpoint].segments[entry.number][1]
    assert started > stopped
