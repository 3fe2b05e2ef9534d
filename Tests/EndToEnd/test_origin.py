"""The HTTP semantics of the origin, seen as a CDN sees them."""

import gzip
import json

from shields import NAMES, Shield
from sluice import get, wait_for


def first_uri(playlist):
    return next(line for line in playlist.decode().splitlines() if line and not line.startswith("#"))


def check_shield(shield, origin, media, segment, whole):
    """The example configurations of docs/shields: what was fetched once comes from the cache, what holds is said."""
    try:
        media, segment = (url.replace(origin, shield.url) for url in (media, segment))
        code, headers, body = get(media)
        assert code == 200 and "max-age=" in headers["Cache-Control"] and first_uri(body), body
        for number, cached in enumerate(("MISS", "HIT", "HIT")):
            code, headers, body = get(segment, {"Accept-Encoding": "gzip"} if number == 2 else {})
            assert (code, body == whole, headers["X-Cache"]) == (200, True, cached)
            assert "immutable" in headers["Cache-Control"] and headers["ETag"]
        code, headers, part = get(segment, {"Range": "bytes=100-199"})
        assert code == 206 and part == whole[100:200] and headers["X-Cache"] == "HIT"
        for query in ("?CMCD=bl%3D1", "?CMCD=bl%3D2"):
            assert get(segment + query)[1]["X-Cache"] == "HIT", "what a player says of itself makes no other object"
        assert get(f"{shield.url}/live/nothing/index.m3u8")[0] == 404
    finally:
        shield.close()


def check_packaging(metrics):
    """What is encrypted as a whole, and what the cache knows."""
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert int(values["sluice_encryption_segments_total"]) > int(values["sluice_encryption_in_step_total"])
    assert values["sluice_encryption_waiting"] == values["sluice_cache_failures_total"] == "0"
    assert int(values["sluice_sending_file_bytes"]) >= 0
    assert values["sluice_cache_failures_kept"] == "0" and int(values["sluice_cache_entries"]) > 0


def check_log(path, segment):
    """The access log: whose request each was, what came of it, and nothing that a line should not have."""
    def lines():
        return [json.loads(line) for line in path.read_text().splitlines()]

    def ours():
        return [line for line in lines() if line.get("requestId") == "e2e" and line["status"] == 206]

    line = wait_for("the line of a request", lambda: next(iter(ours()), None))
    assert line["address"] == "198.51.100.7" and line["path"] == "/" + segment.split("/", 3)[3]
    assert (line["channel"], line["endpoint"], line["bytes"], line["cache"]) == ("live", "clear", 100, "cached")
    assert line["cmcd"] == {"bl": 2100, "sid": "a"} and line["userAgent"]
    wait_for("the last line", lambda: any(
        line.get("address") == "127.0.0.1" and line["status"] == 405 for line in lines()), 20)


def test_http_semantics(start, tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_ACCESSLOG_PATH", str(tmp_path / "access.log"))
    monkeypatch.setenv("SLUICE_ORIGIN_TRUSTEDPROXIES", "127.0.0.0/8")
    sluice = start()
    code, headers, _ = get(sluice.url("clear"))
    assert code == 404 and headers["Cache-Control"] == "public, max-age=1" and headers["Retry-After"]
    sluice.push(30)
    # So many that playlists are worth a gzip.
    sluice.wait_for_segments(3)

    code, headers, body = get(sluice.url("clear"))
    assert code == 200 and headers["Content-Type"] == "application/vnd.apple.mpegurl" and headers["ETag"]
    assert 1 <= int(headers["Cache-Control"].split("max-age=")[1].split(",")[0]) <= 2
    code, _, empty = get(sluice.url("clear"), {"If-None-Match": headers["ETag"]})
    assert code in (200, 304) and (code == 200 or empty == b"")
    media = sluice.url("clear", first_uri(body))
    code, headers, playlist = get(media, {"Accept-Encoding": "gzip"})
    assert code == 200 and headers["Content-Encoding"] == "gzip"
    playlist = gzip.decompress(playlist)

    segment = media.rsplit("/", 1)[0] + "/" + first_uri(playlist)
    code, headers, whole = get(segment)
    assert code == 200 and "immutable" in headers["Cache-Control"] and int(headers["Content-Length"]) == len(whole)
    assert "ot=" in headers["CMSD-Static"] and headers["Last-Modified"]
    code, headers, part = get(segment + "?CMCD=bl%3D2100%2Csid%3D%22a%22", {
        "Range": "bytes=100-199", "X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Request-ID": "e2e",
        "User-Agent": "e2e\"1"})
    assert code == 206 and part == whole[100:200] and headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert get(segment, {"Range": f"bytes={len(whole)}-"})[0] == 416
    assert get(segment, {"If-None-Match": headers["ETag"]})[0] == 304
    code, headers, body = get(segment, method="HEAD")
    assert code == 200 and body == b"" and int(headers["Content-Length"]) == len(whole)
    code, headers, _ = get(segment, method="OPTIONS")
    assert code == 204 and headers["Access-Control-Allow-Origin"] == "*"
    code, headers, _ = get(segment, method="POST")
    assert code == 405 and headers["Allow"] == "GET, HEAD, OPTIONS"

    check_log(tmp_path / "access.log", segment)
    for name in NAMES:
        # One process of nginx: another may answer before the first one's answer counts as kept.
        shield = Shield(name, sluice.origin, sluice.directory, workers=1)
        check_shield(shield, sluice.origin, media, segment, whole)

    for path in ("/nobody/clear/index.m3u8", "/live/nothing/index.m3u8", "/live/clear/index.mpd", "/live/../secret",
                 "/live/clear/high/000000000000/1.m4s", "/" + "a" * 2000):
        code, headers, _ = get(sluice.origin + path)
        assert code == 404 and "max-age=1" in headers["Cache-Control"], path
    assert get(sluice.admin + "/healthz")[0] == 200
    assert get(sluice.admin + "/readyz")[0] == 200
    playlist = sluice.url("hls-ts", "high/playlist.m3u8")
    assert get(playlist.rsplit("/", 1)[0] + "/" + first_uri(get(playlist)[2]))[0] == 200
    metrics = get(sluice.admin + "/metrics")[2].decode()
    assert 'sluice_http_responses_total{code="206"} 1' in metrics and "sluice_key_period" in metrics
    check_packaging(metrics)
