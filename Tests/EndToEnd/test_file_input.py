"""A channel fed by a watch folder: files that come while it plays, junk between them, a worker killed, the folder empty."""

import os
import re
import signal
import subprocess

from sluice import Sluice, get, wait_for


def clip(path, seconds, size, codecs, container):
    """A finished file, renamed into its folder."""
    hidden = path.with_name("." + path.name)
    subprocess.run(
        ["ffmpeg", "-hide_banner", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25", "-f", "lavfi",
         "-i", "sine=440:sample_rate=48000", "-t", str(seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset",
         "ultrafast", "-g", "25", *codecs, "-f", container, hidden], check=True)
    os.rename(hidden, path)


def profile(folder):
    return f"""
channel: live
ingest:
  input: {{ folder: {folder} }}
video:
  - {{ name: low, codec: h264, width: 160, height: 90, framerate: 25, bitrate: 200000, profile: MAIN, gopSize: 25,
      preset: ultrafast }}
audio:
  - {{ name: stereo, codec: aac, bitrate: 64000 }}
segmentDurationSeconds: 1
endpoints:
  - {{ id: ts, package: hls, container: ts, playlistWindowSeconds: 60, useAudioRenditionGroup: false }}
"""


def test_folder(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    clip(folder / "a.mp4", 3, "160x90", ["-bf", "2", "-c:a", "aac"], "mp4")
    sluice = Sluice(tmp_path, lambda _: profile(folder))
    try:
        playing = wait_for("a.mp4 is played", lambda: (p := sluice.status().get("publisher")) and p.get("file") == "a.mp4" and p)
        assert playing["peer"] == str(folder)
        (folder / "b.mp4").write_bytes(b"no media file" * 1000)
        clip(folder / "c.ts", 3, "320x180", ["-c:a", "ac3"], "mpegts")
        wait_for("c.ts is played", lambda: (p := sluice.status().get("publisher")) and p.get("file") == "c.ts")
        wait_for("some of c.ts is listed", lambda: sluice.status()["segments"] >= 2)
        os.kill(sluice.status()["publisher"]["worker"], signal.SIGKILL)
        # Its own playlist goes on, and then nothing is left to play.
        wait_for("all is played", lambda: (s := sluice.status()).get("filesPlayed") == 2 and not s.get("publisher"))
        status = sluice.status()
        assert status["filesRefused"] == 1
        refused = sluice.daemon.messages("a file is not played")
        assert [line["file"] for line in refused] == ["b.mp4"], refused
        assert "no media file that is known" in refused[0]["message"]
        assert [line["file"] for line in sluice.daemon.messages("a file was interrupted")] == ["c.ts"]
        assert b'sluice_files_played_total{channel="live"} 2' in get(f"{sluice.admin}/metrics")[2]
        master = get(sluice.url("ts"))[2].decode()
        media = next(line for line in master.splitlines() if line and not line.startswith("#"))
        text = get(sluice.url("ts", media))[2].decode()
        # Neither where one file followed another: where the worker was killed.
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1, text
        assert sum(float(value) for value in re.findall(r"#EXTINF:([0-9.]+)", text)) > 4.5, text
        decoded = subprocess.run(
            ["ffmpeg", "-hide_banner", "-v", "error", "-i", sluice.url("ts", media), "-f", "null", "-"],
            capture_output=True, check=True, text=True)
        assert decoded.stderr == "", decoded.stderr
    finally:
        sluice.close()
