"""An operator replaces the keys of a channel in the middle of a period."""

import re
import urllib.error
import urllib.request

from sluice import get, wait_for


def post(url, headers=None):
    request = urllib.request.Request(url, data=b"", headers=headers or {}, method="POST")
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_keys_are_replaced_from_the_next_segment_on(start):
    sluice = start(rotation=31_536_000, window=60)
    sluice.push(size="160x90")
    sluice.wait_for_segments(2)

    def keys(endpoint):
        code, _, body = get(sluice.url(endpoint, "high/playlist.m3u8"))
        assert code == 200, body
        found = re.findall(r'#EXT-X-KEY:METHOD=[A-Z0-9-]+,URI="([^"]+)"', body.decode())
        return list(dict.fromkeys(found)), body.decode()

    before = {endpoint: keys(endpoint)[0] for endpoint in ("hls-ts", "hls")}
    assert all(len(found) == 1 for found in before.values()), before
    door = f"{sluice.admin}/v1/channels/live/rotate-keys"
    assert post(door, {"Origin": "https://elsewhere.example"}) == 403
    assert post(f"{sluice.admin}/v1/channels/none/rotate-keys") == 404
    assert post(door) == 202
    for endpoint, old in before.items():
        wait_for("another key", lambda: len(keys(endpoint)[0]) == 2)
        found, text = keys(endpoint)
        assert found[0] == old[0], "what was listed keeps its key"
    uri = keys("hls-ts")[0][1]
    assert get(uri)[0] == 200, "the provider knows the new key"
    assert re.search(r"init-\d+-\d+e1\.mp4", keys("hls")[1])
