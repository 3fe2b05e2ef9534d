"""What outlives the daemon's end, a reload and a full disk: names, bytes, sequence and keys."""

import contextlib
import re
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from playlists import media, media_url
from sluice import Sluice, get, profile, wait_for
from test_publications import channel, check_playlist, endings, grow, playlist, push, run, segments  # noqa: F401

HLS = ("clear", "hls-ts", "hls")


def counted(sluice):
    metrics = get(sluice.admin + "/metrics")[2].decode()
    return float(next(line for line in metrics.splitlines() if line.startswith("sluice_storage_bytes ")).split()[1])


def media_sizes(directory):
    """Of the segments on the disk; those that leave while one looks are passed over."""
    sizes = []
    for file in (directory / "data").rglob("*"):
        if file.suffix in (".m4s", ".sealed"):
            with contextlib.suppress(FileNotFoundError):
                sizes.append(file.stat().st_size)
    return sizes


def stored(sluice):
    return sum(media_sizes(sluice.directory))


def fetched(sluice, name="live"):
    """The bytes of everything that the channel's HLS playlists list, by path."""
    found = {}
    for endpoint in HLS:
        listed = playlist(sluice, name, endpoint)
        for entry in listed.entries:
            for url in (entry.url, entry.map):
                path = url.removeprefix(sluice.origin)
                if path and not entry.is_gap and path not in found:
                    code, _, found[path] = get(url)
                    assert code == 200, url
    return found


def test_a_killed_daemon_goes_on_where_it_was(run):
    sluice = run("live")
    push(sluice, "live")
    grow(sluice, "live", 3)
    before, bytes_before = playlist(sluice, "live"), fetched(sluice)
    worker = Path(f"/proc/{sluice.status('live')['publisher']['worker']}")
    sluice.daemon.child.kill()
    sluice.daemon.child.wait()
    wait_for("the worker goes with it", lambda: not worker.exists())

    # Without the key provider: everything is there, under the keys that were kept.
    sluice.keys.stop()
    sluice.start_daemon()
    assert playlist(sluice, "live").last >= before.last
    for endpoint in ("hls-ts", "hls"):
        assert get(f"{sluice.origin}/live/{endpoint}/index.m3u8")[0] == 200
    assert get(f"{sluice.origin}/live/dash/index.mpd")[0] == 200
    for path, body in bytes_before.items():
        code, _, again = get(sluice.origin + path)
        assert (code, again == body) == (200, True), path
    sluice.start_keys()

    push(sluice, "live")
    grow(sluice, "live")
    for endpoint in HLS:
        check_playlist(playlist(sluice, "live", endpoint), 1)
    after = playlist(sluice, "live")
    assert after.sequence >= before.sequence
    assert [urlsplit(entry.url).path for entry in after.entries[:len(before.entries)]] == [
        urlsplit(entry.url).path for entry in before.entries]

    # SIGTERM finishes what is on air: the encoder is let go, its last segment is kept, the exit code is 0.
    encoder, worker = sluice.encoders[-1], Path(f"/proc/{sluice.status('live')['publisher']['worker']}")
    last = playlist(sluice, "live").last
    assert sluice.daemon.stop(seconds=60) == 0
    assert endings(sluice, "live") == ["publication ended: the daemon is shutting down"]
    assert sluice.daemon.log()[-1]["message"] == "stopped" and not worker.exists()
    wait_for("the encoder is let go", lambda: encoder.child.poll() is not None)
    sluice.start_daemon()
    assert playlist(sluice, "live").last >= last


def test_a_reload_changes_what_changed(run):
    sluice = run("live", "other", "gone")
    push(sluice, "live")
    push(sluice, "other")
    grow(sluice, "live")
    grow(sluice, "other")
    file, other = sluice.profiles / "live.yaml", sluice.status("other")["publisher"]
    seen = []

    def look():
        """Every look at the playlist, so that every version of it is cached once. It is always there."""
        found = media(url)
        assert found.code == 200 and get(sluice.url("hls"))[0] == 200
        if seen:
            assert found.sequence >= seen[-1].sequence and found.last >= seen[-1].last
        seen.append(found)
        return found

    def reload(message):
        count = len(sluice.daemon.messages(message))
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for(message, lambda: look() and len(sluice.daemon.messages(message)) > count)

    url = media_url(sluice.url("clear"))
    wait_for("a few versions are cached", lambda: len(look().entries) >= 6)

    # A broken file: its channel goes on, and the line says where.
    text = file.read_text()
    file.write_text(text.replace("segmentDurationSeconds", "segmentDurationSecond"))
    reload(r"live\.yaml:\d+:\d+: error: ")
    worker = sluice.status("live")["publisher"]["worker"]
    grow(sluice, "live", 1)
    assert sluice.status("live")["publisher"]["worker"] == worker

    # Changed, added and removed at once. The publication on the changed one ends; the next goes on in its window.
    file.write_text(text.replace("playlistWindowSeconds: 120", "playlistWindowSeconds: 100"))
    (sluice.profiles / "new.yaml").write_text(channel("new")(f"http://127.0.0.1:{sluice.key_port}"))
    (sluice.profiles / "gone.yaml").unlink()
    reload("^channel closed: its profile is gone")
    wait_for("the publication ends", lambda: look() and endings(sluice, "live"))
    assert endings(sluice, "live") == ["publication ended: its profile changed"]
    assert get(f"{sluice.admin}/v1/channels/gone")[0] == 404 and segments(sluice, "new") == 0
    push(sluice, "live")
    count = segments(sluice, "live")
    wait_for("it grows", lambda: look() and segments(sluice, "live") >= count + 2)
    check_playlist(look(), 1)
    assert sluice.status("other")["publisher"]["worker"] == other["worker"] and endings(sluice, "other") == []
    # The window that was closed and opened anew is counted once.
    wait_for("storage is counted once", lambda: 0.8 < counted(sluice) / stored(sluice) < 1.2)

    # Segments of twice the length: the window begins anew, the numbers go on, and the channel takes publishers.
    before = max(look().last, playlist(sluice, "live", "hls").last)
    file.write_text(text.replace("segmentDurationSeconds: 1", "segmentDurationSeconds: 2").replace(
        "gopSize: 30", "gopSize: 60"))
    seen.clear()
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("the publication ends", lambda: len(endings(sluice, "live")) == 2)
    wait_for("the window is empty", lambda: segments(sluice, "live") == 0)
    push(sluice, "live")
    grow(sluice, "live", 2)
    found = playlist(sluice, "live", "hls")
    assert found.sequence > before and all(get(entry.url)[0] == 200 for entry in found.entries)
    # Their times are those of now, whatever their numbers are.
    dash = get(sluice.url("dash", "index.mpd"))[2].decode()
    starts = [float(start) for start in re.findall(r'<Period[^>]* start="PT([0-9.]+)S"', dash)]
    assert starts and abs(starts[-1] - time.time()) < 60, starts


# Twelve megabytes a second through every process: beside a build they come late, or not at all.
@pytest.mark.alone
def test_the_store_keeps_to_its_size(tmp_path):
    """64 MiB, the least there may be, against a picture of 100 Mbit/s that is passed through."""
    clip = tmp_path / "noise.flv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
         "color=gray:size=640x360:rate=30,noise=alls=100:allf=t,format=yuv420p", "-f", "lavfi", "-i",
         "sine=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30",
         "-bf", "0", "-b:v", "100M", "-minrate", "100M", "-maxrate", "100M", "-bufsize", "4M", "-c:a", "aac", "-ac",
         "2", "-t", "2", str(clip)], check=True)

    def copied(key_url):
        text = profile(key_url, segment=1, rungs=())
        text = text.replace("video:\n", "video:\n  - { name: source, codec: copy }\n")
        return text.replace("ingest:\n", "ingest:\n  maxBitrate: 200000000\n")

    sluice = Sluice(tmp_path, copied, environment={"SLUICE_STORAGE_MAXBYTES": "64MiB"})
    try:
        sluice.push_file(clip)
        wait_for("a segment leaves early", lambda: sluice.daemon.messages("^storage.maxBytes reached"), 180)
        first = sluice.status()["firstSegment"]
        try:
            wait_for("two more leave", lambda: sluice.status()["firstSegment"] >= first + 2, 180)
        except AssertionError as error:
            raise AssertionError(f"{error}: {sluice.status()}, {sluice.daemon.messages('.')[-5:]}") from error
        assert sluice.encoders[0].child.poll() is None, sluice.encoders[0].err.read_text()
        files = media_sizes(tmp_path)
        # The newest may be written while the oldest are removed.
        assert 32 << 20 < sum(files) <= (64 << 20) + max(files)
        listed = media(media_url(sluice.url("clear")))
        # Any but those that have left since.
        assert listed.entries and all(
            get(entry.url)[0] == 200 or entry.number < sluice.status()["firstSegment"] for entry in listed.entries[2:])
    finally:
        sluice.close()
