"""A channel fed by files: a watch folder that files come into while it plays, junk between them, a worker killed, the folder
empty; a file beside an encoder that comes and goes, over a reload, to the end of the daemon."""

import os
import re
import signal
import subprocess

from sluice import Sluice, get, wait_for


def clip(path, seconds, size, *codecs):
    subprocess.run(
        ["ffmpeg", "-hide_banner", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25", "-f", "lavfi",
         "-i", "sine=440:sample_rate=48000", "-t", str(seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset",
         "ultrafast", "-g", "25", *codecs, path], check=True)


def profile(folder, beside="", window=60):
    return f"""
channel: live
ingest:
  {beside or f"input: {{ folder: {folder} }}"}
  inputLoss: {{ holdSeconds: 3, fill: none }}
  sourceEndBehavior: END
video:
  - {{ name: low, codec: h264, width: 160, height: 90, framerate: 25, bitrate: 200000, profile: MAIN, gopSize: 25,
      preset: ultrafast }}
audio:
  - {{ name: stereo, codec: aac, bitrate: 64000 }}
segmentDurationSeconds: 1
endpoints:
  - {{ id: ts, package: hls, container: ts, playlistWindowSeconds: {window}, useAudioRenditionGroup: false }}
"""


def test_folder(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    clip(folder / "a.mp4", 8, "160x90", "-bf", "2", "-c:a", "aac")
    clip(tmp_path / "c.ts", 12, "320x180", "-c:a", "ac3")
    (tmp_path / "b.mp4").write_bytes(b"no media file" * 1000)
    sluice = Sluice(tmp_path, lambda _: profile(folder))

    def playing(name):
        publisher = sluice.status().get("publisher")
        return publisher if publisher and publisher.get("file") == name else None

    try:
        assert wait_for("a.mp4 is played", lambda: playing("a.mp4"))["peer"] == str(folder)
        for name in ("b.mp4", "c.ts"):
            os.rename(tmp_path / name, folder / name)
        publisher = wait_for("c.ts is played", lambda: playing("c.ts"))
        # It is handed over 1.5 s before it is due: in the middle of it, the worker has made three seconds more.
        listed = sluice.status()["lastSegment"]
        wait_for("some of c.ts is listed", lambda: sluice.status()["lastSegment"] >= listed + 3)
        os.kill(publisher["worker"], signal.SIGKILL)
        wait_for("all is played", lambda: sluice.status().get("filesPlayed") == 2)
        assert sluice.status()["filesRefused"] == 1
        refused = sluice.daemon.messages("a file is not played")
        assert [line["file"] for line in refused] == ["b.mp4"], refused
        assert "no media file that is known" in refused[0]["message"]
        interrupted = sluice.daemon.messages("a file was interrupted")
        assert [line["file"] for line in interrupted] == ["c.ts"] and int(interrupted[0]["atMilliseconds"]) > 0
        assert b'sluice_files_played_total{channel="live"} 2' in get(f"{sluice.admin}/metrics")[2]
        playlist = sluice.url("ts", "low/playlist.m3u8")
        text = wait_for("the end is said", lambda: (t := get(playlist)[2].decode()) and "ENDLIST" in t and t)
        # Not where one file followed another: where the worker was killed.
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1, text
        media = re.sub(r"#EXT-X-GAP\n(#[^\n]*\n)*#EXTINF:.*\n", "", text)
        assert sum(float(value) for value in re.findall(r"#EXTINF:([0-9.]+)", media)) > 17.5, text
        decoded = subprocess.run(
            ["ffmpeg", "-hide_banner", "-v", "error", "-i", playlist, "-f", "null", "-"],
            capture_output=True, check=True, text=True)
        assert decoded.stderr == "", decoded.stderr
    finally:
        sluice.close()


def test_beside_an_encoder(tmp_path):
    clip(tmp_path / "a.mp4", 60, "160x90", "-c:a", "aac")
    beside = (f"streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}\n  redundancy: {{ failBackSeconds: 1 }}\n"
              f"  input: {{ file: {tmp_path / 'a.mp4'}, loop: true }}")
    sluice = Sluice(tmp_path, lambda _: profile(None, beside))

    def on_air(role):
        publisher = sluice.status().get("publisher") or {}
        return publisher if publisher.get("role") == role and "worker" in publisher else None

    def playing(other_than=None):
        publisher = on_air("backup")
        return publisher if publisher and publisher.get("file") and publisher["worker"] != other_than else None

    try:
        assert wait_for("the file is played", playing)["file"] == "a.mp4"
        encoder = sluice.push(size="160x90", rate=25)
        wait_for("the encoder takes over", lambda: on_air("primary"))
        encoder.stop(signal.SIGKILL)
        worker = wait_for("the file takes over", playing)["worker"]
        # Another window is another channel, and the same files.
        (sluice.profiles / "live.yaml").write_text(profile(None, beside, window=50))
        sluice.daemon.child.send_signal(signal.SIGHUP)
        wait_for("another worker plays it", lambda: playing(other_than=worker))
        listed = sluice.status()["lastSegment"]
        wait_for("some more is listed", lambda: sluice.status()["lastSegment"] >= listed + 2)
        assert sluice.daemon.stop(seconds=60) == 0
        assert len(sluice.daemon.messages("^playing$")) == 1
        reload, end = (int(line["atMilliseconds"]) for line in sluice.daemon.messages("a file was interrupted"))
        assert end > reload + 500, (reload, end)
    finally:
        sluice.close()
