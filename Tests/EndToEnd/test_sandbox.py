"""What a worker may do, looked at from outside; and what is left of a daemon whose workers are in strangers' hands."""

import ctypes
import os
import pwd
import re
from pathlib import Path

import pytest

import lying_worker
import rtmp
from sluice import BUILD, STREAM_KEY, Sluice, children, get, wait_for
from test_publications import channel, check_playlist, endings, grow, playlist, push, run  # noqa: F401

# seccomp(2): SECCOMP_GET_ACTION_AVAIL of SECCOMP_RET_KILL_PROCESS.
NUMBER = {"x86_64": 317, "aarch64": 277}.get(os.uname().machine)


def takes_filters():
    action = ctypes.c_uint32(0x80000000)
    return NUMBER is not None and ctypes.CDLL(None).syscall(NUMBER, 2, 0, ctypes.byref(action)) == 0


def fields(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):[ \t]*(.*)$", text, re.M))


def limit(pid, name):
    text = Path(f"/proc/{pid}/limits").read_text()
    return re.search(rf"^Max {name}\s+(\S+)\s+(\S+)", text, re.M).groups()


def test_a_worker_is_confined(run):  # noqa: F811
    sluice = run("live")
    push(sluice, "live")
    grow(sluice, "live")
    worker = sluice.status("live")["publisher"]["worker"]
    status = fields(worker)
    assert status["NoNewPrivs"] == "1"
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert int(status[name], 16) == 0, name
    for name, value in (("core file size", 0), ("file size", 0), ("open files", 32), ("data size", 6 << 30),
                        ("address space", 24 << 30)):
        assert limit(worker, name) == (str(value), str(value)), name
    assert Path(f"/proc/{worker}/oom_score_adj").read_text().strip() == "500"
    warnings = [line["message"] for line in sluice.daemon.log() if line.get("level") == "warning"]
    if takes_filters():
        assert status["Seccomp"] == "2" and not [text for text in warnings if "seccomp" in text]
        assert fields(sluice.daemon.pid)["Seccomp"] == fields(os.getpid())["Seccomp"]
    else:
        assert len([text for text in warnings if "seccomp" in text]) == 1
    if os.geteuid() == 0 and not [text for text in warnings if "workers run as root" in text]:
        nobody = pwd.getpwnam("nobody")
        assert status["Uid"].split() == [str(nobody.pw_uid)] * 4 and status["Gid"].split() == [str(nobody.pw_gid)] * 4
        assert status["Groups"] == ""
    elif os.geteuid() != 0:
        assert status["Uid"].split() == [str(os.getuid())] * 4


@pytest.mark.skipif(not takes_filters(), reason="this kernel, or this container, takes no filters of system calls")
def test_strangers_have_a_confined_worker(run):  # noqa: F811
    """What becomes of one is in ConfinementTests. The filter is there before a stranger has shown a key."""
    sluice = run("live")
    stranger = rtmp.Encoder(sluice.rtmp_port)
    stranger.send(rtmp.HANDSHAKE[:1537])
    worker = wait_for("its worker", lambda: children(sluice.daemon.pid))[0]
    wait_for("the filter", lambda: fields(worker)["Seccomp"] == "2")
    stranger.close()


def test_a_worker_without_memory_ends_alone(tmp_path):
    # A limit that is lower than the configured one already stays.
    limits = tmp_path / "limit"
    worker = tmp_path / "worker"
    worker.write_text(f"#!/bin/sh\n[ ! -e {limits} ] || ulimit -d $(/bin/cat {limits})\n"
                      f"exec {BUILD / 'sluice-ingest'} \"$@\"\n")
    worker.chmod(0o755)

    class Limited(Sluice):
        daemon_arguments = ("--worker", worker)

    sluice = Limited(tmp_path, channel("live"), "live", {"other": channel("other")})
    try:
        push(sluice, "other")
        flv = rtmp.clip(tmp_path / "clip.flv", 4)
        first = rtmp.Encoder(sluice.rtmp_port)
        assert "NetStream.Publish.Start" in first.publish("live", STREAM_KEY)
        assert first.play(flv, until=2500)
        used = int(fields(sluice.status("live")["publisher"]["worker"])["VmData"].split()[0])
        large = [rtmp.message(1, (1 << 16).to_bytes(4, "big"), stream=2),
                 *rtmp.chunks(9, b"\x17\1\0\0\0" + bytes(7 << 20), 6, 2500, 1 << 16)]
        first.send(b"".join(large))
        # Statistics come with messages.
        sound = rtmp.message(8, b"\xaf\1" + bytes(8), stream=4, timestamp=2500)
        wait_for("it is taken", lambda: first.send(sound) and
                 sluice.status("live")["publisher"]["bytesReceived"] > 7 << 20)
        first.close()
        wait_for("the encoder is gone", lambda: endings(sluice, "live"))
        # The next one gets what that one had and a little more; then comes a message that takes more.
        limits.write_text(str(used + 4096))
        encoder = rtmp.Encoder(sluice.rtmp_port)
        assert "NetStream.Publish.Start" in encoder.publish("live", STREAM_KEY)
        limits.unlink()
        starved = sluice.status("live")["publisher"]["worker"]
        assert limit(starved, "data size")[1] == str((used + 4096) * 1024)
        encoder.play(flv, until=2500)
        encoder.send(b"".join(large))
        wait_for("the publication ends", lambda: len(endings(sluice, "live")) == 2)
        wait_for("its worker is gone", lambda: not Path(f"/proc/{starved}").exists())
        encoder.close()
        bystander = sluice.status("other")["publisher"]
        push(sluice, "live")
        grow(sluice, "live")
        assert playlist(sluice, "live").code == 200
        grow(sluice, "other", 1)
        now = sluice.status("other")["publisher"]
        assert (now["worker"], now["sinceMilliseconds"]) == (bystander["worker"], bystander["sinceMilliseconds"])
        assert endings(sluice, "other") == []
        assert not any(entry.is_gap for entry in playlist(sluice, "other").entries)
    finally:
        sluice.close()


def test_a_worker_that_lies_ends_alone(tmp_path):
    lies = {"boxes": "bad_boxes", "times": "wrong_times", "endless": "endless_segment"}
    worker = lying_worker.script(tmp_path / "worker", BUILD / "sluice-ingest", lies)

    class Deceived(Sluice):
        daemon_arguments = ("--worker", worker)

    sluice = Deceived(tmp_path, channel("other"), "other", {name: channel(name) for name in lies})
    try:
        for name in ("other", *lies):
            push(sluice, name)
        judge_lies(sluice)
    finally:
        sluice.close()


def judge_lies(sluice):
    for name in ("boxes", "times", "endless"):
        wait_for(f"the end of {name}", lambda: endings(sluice, name), 180)
        assert len(endings(sluice, name)) == 1 and "the worker broke the format: " in endings(sluice, name)[0]
        found = playlist(sluice, name)
        check_playlist(found, 0)
        assert found.entries and not any(entry.is_gap for entry in found.entries)
    grow(sluice, "other", 1)
    found = playlist(sluice, "other")
    check_playlist(found, 0)
    assert endings(sluice, "other") == [] and not any(entry.is_gap for entry in found.entries)
    assert re.search(r"^sluice_worker_failures_total 3$", get(sluice.admin + "/metrics")[2].decode(), re.M)
