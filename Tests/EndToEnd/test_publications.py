"""What one publisher can do to its own publication, and cannot to any other: crash, attack, takeover, refusal."""

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

import rtmp
from playlists import media, media_url
from sluice import BUILD, STREAM_KEY, Sluice, children, get, profile, wait_for

RUNG = (("low", 160, 90, 200000),)


def channel(name, **settings):
    return lambda key_url: profile(key_url, channel=name, rungs=RUNG, segment=1, bframes=0, prefetch=10, **settings)


@pytest.fixture
def run(tmp_path):
    """A function that starts a daemon with the named channels; everything ends with the test."""
    running = []

    def make(*names, environment=None, **settings):
        first, *rest = names
        running.append(
            Sluice(tmp_path, channel(first, **settings), first, {name: channel(name, **settings) for name in rest},
                   environment))
        return running[-1]

    yield make
    for one in running:
        one.close()


def segments(sluice, name):
    return sluice.status(name)["segments"]


def grow(sluice, name, count=2):
    """Waits until the channel has `count` segments more than now."""
    before = segments(sluice, name)
    wait_for(f"{name} grows by {count}", lambda: segments(sluice, name) >= before + count, 180)


def push(sluice, name):
    """An encoder that publishes to a channel, once it does."""
    before = len(sluice.daemon.messages("^publishing$"))
    encoder = sluice.push(size="160x90", channel=name)
    wait_for(f"an encoder publishes to {name}", lambda: len(sluice.daemon.messages("^publishing$")) > before)
    return encoder


def endings(sluice, name):
    return [line["message"] for line in sluice.daemon.messages("^publication ended") if line.get("channel") == name]


def playlist(sluice, name, endpoint="clear"):
    url = wait_for("a playlist", lambda: media_url(f"{sluice.origin}/{name}/{endpoint}/index.m3u8"))
    return media(url)


def check_playlist(found, discontinuities):
    """Numbers count up one by one with the names, and there are so many breaks."""
    assert found.code == 200
    for entry in found.entries:
        assert re.search(rf"/{entry.number}\.(m4s|ts)$", entry.url), entry
        assert entry.is_gap or get(entry.url)[0] == 200, entry
    assert found.discontinuity_sequence + len(found.discontinuities) == discontinuities, found.entries


def test_a_publisher_ends_its_own_publication_and_nothing_else(run, tmp_path):
    sluice = run("live", "other", "stuck")
    flv = rtmp.clip(tmp_path / "clip.flv", 4)
    push(sluice, "other")
    push(sluice, "stuck")
    crashing = push(sluice, "live")
    grow(sluice, "live")
    grow(sluice, "other", 1)
    bystander = sluice.status("other")["publisher"]
    seen = [playlist(sluice, "live")]
    # One that hangs; looked at in the end.
    hanging = sluice.status("stuck")["publisher"]["worker"]
    os.kill(hanging, signal.SIGSTOP)

    # A crash of the worker.
    os.kill(sluice.status("live")["publisher"]["worker"], signal.SIGSEGV)
    wait_for("the publication ends", lambda: endings(sluice, "live"))
    assert endings(sluice, "live") == ["publication ended: the worker died by signal 11 (Segmentation fault)"]
    wait_for("the encoder sees it", lambda: crashing.child.poll() is not None)
    seen.append(playlist(sluice, "live"))
    push(sluice, "live")
    grow(sluice, "live")
    seen.append(playlist(sluice, "live"))
    check_playlist(seen[-1], 1)

    # Another encoder with the same key: it goes on, the first is ended; then it turns on us.
    first = sluice.encoders[-1]
    hostile = rtmp.Encoder(sluice.rtmp_port)
    assert "NetStream.Publish.Start" in hostile.publish("live", STREAM_KEY)
    wait_for("the first encoder is ended", lambda: first.child.poll() is not None)
    # The encoder hears of it before its worker has gone and a line is written.
    wait_for("its publication ends", lambda: len(endings(sluice, "live")) == 2)
    assert endings(sluice, "live")[1:] == [
        "publication ended: another encoder with the same stream key took over"]
    assert hostile.play(flv, until=3500)
    wait_for("its segments are listed", lambda: sluice.status("live")["discontinuitySequence"] == 2)
    hostile.send(rtmp.overflow())
    wait_for("the attack ends the publication", lambda: len(endings(sluice, "live")) == 3)
    assert "inside an unfinished message" in endings(sluice, "live")[2]
    assert "inside an unfinished message" in hostile.hear(b"unfinished message")
    hostile.close()
    push(sluice, "live")
    grow(sluice, "live")
    seen.append(playlist(sluice, "live"))
    check_playlist(seen[-1], 3)

    # The same attack by somebody without a key.
    stranger = rtmp.Encoder(sluice.rtmp_port)
    stranger.send(rtmp.HANDSHAKE + rtmp.overflow())
    wait_for("a stranger's attack is logged", lambda: sluice.daemon.messages("^encoder left: .*unfinished message"))
    stranger.close()

    wait_for("the hanging worker is ended", lambda: endings(sluice, "stuck"))
    assert endings(sluice, "stuck") == ["publication ended: the worker was silent for 15 s"]
    assert not Path(f"/proc/{hanging}").exists()

    for earlier, later in zip(seen, seen[1:]):
        assert later.sequence >= earlier.sequence and later.last >= earlier.last
        listed = {entry.number: (entry.url, entry.is_gap) for entry in later.entries}
        assert all(listed.get(entry.number) == (entry.url, entry.is_gap)
                   for entry in earlier.entries if entry.number >= later.sequence)
    # Nothing of it reached the other channel, the endings have one line each, and only workers' faults are errors.
    grow(sluice, "other", 1)
    now = sluice.status("other")["publisher"]
    assert (now["worker"], now["sinceMilliseconds"]) == (bystander["worker"], bystander["sinceMilliseconds"])
    check_playlist(playlist(sluice, "other"), 0)
    assert not any(entry.is_gap for entry in playlist(sluice, "other").entries)
    assert endings(sluice, "other") == [] and len(endings(sluice, "live")) == 3
    errors = [line["message"] for line in sluice.daemon.log() if line.get("level") not in ("info", "notice")]
    assert errors == [endings(sluice, "live")[0], endings(sluice, "stuck")[0]]


def test_refusals_say_why(run):
    sluice = run("live", "far", environment={
        "SLUICE_RTMP_HANDSHAKETIMEOUTSECONDS": "5", "SLUICE_RTMP_MAXHANDSHAKES": "4"})
    file = sluice.profiles / "far.yaml"
    file.write_text(file.read_text().replace("ingest:\n", 'ingest:\n  allow: ["192.0.2.0/24"]\n'))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("the profile is reloaded", lambda: sluice.daemon.messages("^who may publish has changed"))

    def refusal(app, key):
        """Everything that was answered until the connection was closed."""
        encoder = rtmp.Encoder(sluice.rtmp_port)
        encoder.send(rtmp.HANDSHAKE + rtmp.opening(app, key))
        answer = encoder.hear(b"nothing that is ever said")
        assert "NetStream.Publish.BadName" in answer
        return answer

    assert "wrong stream key for 'live'" in refusal("live", "not-the-key")
    assert "unknown channel 'nobody'" in refusal("nobody", STREAM_KEY)
    assert "this address may not publish to 'far'" in refusal("far", STREAM_KEY)
    shown = sluice.push(channel="live", key="not-the-key")
    wait_for("FFmpeg gives up", lambda: shown.child.poll() is not None)
    assert "wrong stream key for 'live'" in shown.err.read_text()
    for reason, count in (("wrong stream key", 2), ("there is no channel of that name", 1), ("ingest.allow", 1)):
        assert len(sluice.daemon.said(f"^refused an encoder: .*{reason}", count)) == count, reason

    # Those who never come to the point: a worker is for those alone who have sent the handshake's first part.
    def idle(first, drip=b""):
        encoder = rtmp.Encoder(sluice.rtmp_port)
        encoder.send(first)
        return encoder, drip

    # Each of those above has its line when its worker is gone.
    before = len(sluice.daemon.said("^encoder left", 4))
    slow = [idle(b""), idle(rtmp.HANDSHAKE[:700]), idle(rtmp.HANDSHAKE + rtmp.opening("live", STREAM_KEY)[:90]),
            idle(b"", rtmp.HANDSHAKE)]
    wait_for("one worker", lambda: len(workers(sluice)) == 1)
    dripping, drip = slow[3]
    deadline = time.monotonic() + 40
    while len(sluice.daemon.messages("^encoder left")) < before + 4 and time.monotonic() < deadline:
        drip = drip[1:] if dripping.send(drip[:1]) else b""
        time.sleep(0.1)
    left = [line["message"] for line in sluice.daemon.messages("^encoder left")[before:]]
    assert len(left) == 4 and all("rtmp.handshakeTimeoutSeconds (5)" in text for text in left), left
    assert any(" 700 of 1537 bytes" in text for text in left) and any(" 0 of 1537 bytes" in text for text in left), left
    for encoder, _ in slow:
        assert encoder.is_closed()
    wait_for("no worker is left", lambda: not workers(sluice))
    metrics = get(sluice.admin + "/metrics")[2].decode()
    for reason, count in (("credentials", 4), ("timeout", 4)):
        assert re.search(rf'refus\w*{{reason="{reason}"}} {count}\b', metrics), metrics

    # A burst of them has no more workers at a time than may be; one address has half of them. The others are told.
    burst = [idle(rtmp.HANDSHAKE[:1537])[0] for _ in range(12)]
    wait_for("two workers", lambda: len(workers(sluice)) == 2)
    told = [encoder.hear(b"too many encoders are connecting") for encoder in burst]
    assert sum("NetConnection.Connect.Rejected" in answer for answer in told) >= 8
    assert len(sluice.daemon.said("^refused an encoder: it waited 5 s while rtmp.maxHandshakes \\(4\\)", 8)) >= 8
    for encoder in burst:
        encoder.close()
    wait_for("no worker is left", lambda: not workers(sluice))

    # Where no channel takes an address, not even a worker is started for it.
    file = sluice.profiles / "live.yaml"
    file.write_text(file.read_text().replace("ingest:\n", 'ingest:\n  allow: ["192.0.2.0/24"]\n'))
    sluice.daemon.child.send_signal(signal.SIGHUP)
    wait_for("the profile is reloaded", lambda: len(sluice.daemon.messages("^who may publish has changed")) == 2)
    stranger = idle(rtmp.HANDSHAKE)[0]
    assert "this address may not publish here" in stranger.hear(b"may not publish here")
    assert stranger.is_closed() and not workers(sluice)
    assert rtmp.Encoder(sluice.rtmp_port).is_closed()
    assert sluice.daemon.said("^refused an encoder: no channel's ingest.allow holds its address")


def workers(sluice):
    return children(sluice.daemon.pid)


def opened_by(process):
    """What a process has open, by number. Others close while one looks: those are passed over."""
    found = {}
    for entry in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            found[int(entry.name)] = os.readlink(entry)
    return found


def test_a_worker_has_nothing_to_take(run, tmp_path):
    sluice = run("live")
    push(sluice, "live")
    grow(sluice, "live")
    worker = Path(f"/proc/{sluice.status('live')['publisher']['worker']}")
    status = dict(line.split(":\t", 1) for line in (worker / "status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"].strip() == "1"
    limits = (worker / "limits").read_text()
    assert re.search(r"Max core file size\s+0\s", limits) and re.search(r"Max open files\s+32\s", limits)
    # No words but what it may do.
    assert re.fullmatch(rb"[^\0]+\0(--user\0\d+:\d+\0)?--memory\0\d+\0", (worker / "cmdline").read_bytes())
    if os.geteuid() == 0:
        # The processes refuse dumps: only root may look.
        assert (worker / "environ").read_bytes() == b""
        opened = opened_by(worker)
        # 0, 1 and 2 came with it; what it made itself are sockets and the guard's wake-ups.
        assert all(opened[number].startswith("socket:") for number in (0, 1)) and opened[2].startswith("pipe:")
        daemon = set(opened_by(Path(f"/proc/{sluice.daemon.pid}")).values())
        shared = {target for number, target in opened.items() if number > 2} & daemon
        assert shared <= {opened[0]}, opened
        assert all(re.match(r"socket:|pipe:|anon_inode:\[event", opened[number]) for number in opened if number > 2)

    def needed(program):
        """What it links itself. (Debian's libcurl brings a librtmp of its own into the daemon, for rtmp:// URLs.)"""
        text = subprocess.run(["readelf", "-dW", BUILD / program], capture_output=True, text=True, check=True).stdout
        return re.findall(r"\(NEEDED\).*\[(\w+)", text)

    assert not [name for name in needed("sluice") if re.match("librtmp|libav|libsw(scale|resample)|libx26", name)]
    assert not [name for name in needed("sluice-ingest") if re.match("libcurl|libcrypto|libssl|libxml2", name)]
    symbols = subprocess.run(
        ["nm", "-C", BUILD / "sluice-ingest"], capture_output=True, text=True, check=True).stdout
    assert "SPEKE" not in symbols and "CommonEncryption" not in symbols

    # No secret in any log, in the store, in any child's command line or environment.
    wait_for("the keys are held", lambda: all(key["isCurrentHeld"] for key in sluice.status()["keys"]))
    secrets = {"stream key": STREAM_KEY.encode()}
    protected = playlist(sluice, "live", "hls-ts")
    for number, entry in enumerate(protected.entries):
        secrets[f"content key {number}"] = get(entry.key["URI"])[2]
    assert len(secrets) > 1 and all(len(secret) >= 14 for secret in secrets.values())
    sluice.push(channel="live", key=STREAM_KEY + "-but-wrong", size="160x90")
    wait_for("the refusal", lambda: sluice.daemon.messages("^refused an encoder"))
    sluice.daemon.stop()
    places = [sluice.daemon.out, sluice.daemon.err, sluice.keys.out, sluice.keys.err]
    places += [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert len(places) > 8
    for place in places:
        data = place.read_bytes()
        lower = data.lower()
        for name, secret in secrets.items():
            assert secret not in data and secret.hex().encode() not in lower, f"{name} in {place}"
