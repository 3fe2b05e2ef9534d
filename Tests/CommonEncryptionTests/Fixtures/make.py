#!/usr/bin/env python3
"""Makes the fixtures of CommonEncryptionTests: see README.md beside this file.

usage: make.py WORKDIR   (ffmpeg and Shaka Packager, as `packager`, in PATH)
"""
import hashlib
import os
import struct
import subprocess
import sys

KEY = "00112233445566778899aabbccddeeff"
KID = "0123456789abcdef0123456789abcdef"
IV = {"cenc": "1122334455667700", "cbcs": "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"}

PICTURE = "testsrc2=size=320x180:rate=25,noise=alls=8:allf=t"
CASES = {
    "high-cabac-slices": (PICTURE, 24, "-profile:v high -crf 30", "slices=3:bframes=3:b-pyramid=normal:ref=4:weightp=2:weightb=1:keyint=12:8x8dct=1:nal-hrd=vbr:vbv-maxrate=800:vbv-bufsize=800:aud=1"),
    "baseline-cavlc": (PICTURE, 24, "-profile:v baseline -crf 32", "slices=2:ref=3:keyint=12"),
    "main-mbaff": (PICTURE, 24, "-profile:v main -crf 32 -flags +ildct+ilme", "tff=1:bframes=2:ref=3:keyint=24:cabac=0:b-pyramid=strict:scenecut=0"),
    "high422-cqm": (PICTURE, 24, "-pix_fmt yuv422p -profile:v high422 -crf 32", "cqm=jvt:bframes=2:keyint=24:open-gop=1"),
    "high444-refresh": ("mandelbrot=size=320x180:rate=25", 30, "-pix_fmt yuv444p -profile:v high444 -crf 36", "bframes=3:weightp=2:keyint=30:intra-refresh=1"),
    "fade-weights": ("testsrc2=size=320x180:rate=25,fade=in:0:24", 24, "-pix_fmt yuv420p -profile:v high -crf 34", "weightp=2:ref=5:bframes=1:keyint=24"),
    "tiny-skip": ("color=c=gray:s=320x180:r=25", 24, "-crf 40", "slices=4:bframes=2:ref=2:keyint=24"),
}


def boxes(data, start=0, end=None):
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind.decode("latin1"), start, start + 8, start + size
        start += size


def find(data, path, start=0, end=None):
    for kind, at, body, stop in boxes(data, start, end):
        if kind == path[0]:
            if len(path) == 1:
                yield at, body, stop
            else:
                yield from find(data, path[1:], body, stop)


def configuration(data):
    for kind in (b"avcC", b"esds"):
        at = data.find(kind)
        if at < 0:
            continue
        size = struct.unpack_from(">I", data, at - 4)[0]
        body = data[at + 4:at - 4 + size]
        if kind == b"avcC":
            return body
        at = body.index(b"\x05", 12)  # DecoderSpecificInfo
        while body[at + 1] & 0x80:
            at += 1
        return body[at + 2:at + 2 + body[at + 1]]
    raise SystemExit("no configuration")


def samples(data):
    """(bytes, IV, subsamples) of each sample of a fragmented file."""
    default = 0
    for _, body, _ in find(data, ["moov", "mvex", "trex"]):
        default = struct.unpack_from(">I", data, body + 16)[0]
    for at, body, stop in find(data, ["moof"]):
        sizes, offset, senc = [], None, []
        size = default
        for _, b, _ in find(data, ["traf", "tfhd"], body, stop):
            flags = struct.unpack_from(">I", data, b)[0] & 0xFFFFFF
            p = b + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0) + (4 if flags & 8 else 0)
            if flags & 0x10:
                size = struct.unpack_from(">I", data, p)[0]
        for _, b, _ in find(data, ["traf", "trun"], body, stop):
            flags, count = struct.unpack_from(">II", data, b)
            p = b + 8
            if flags & 1:
                offset = at + struct.unpack_from(">i", data, p)[0]
                p += 4
            p += 4 if flags & 4 else 0
            for _ in range(count):
                p += 4 if flags & 0x100 else 0
                if flags & 0x200:
                    sizes.append(struct.unpack_from(">I", data, p)[0])
                    p += 4
                else:
                    sizes.append(size)
                p += (4 if flags & 0x400 else 0) + (4 if flags & 0x800 else 0)
        for _, b, e in find(data, ["traf", "senc"], body, stop):
            flags, count = struct.unpack_from(">II", data, b)
            p = b + 8
            # the IV size is what is left over: 8 for cenc, 0 for cbcs
            for iv_size in (8, 0):
                q, entries = p, []
                try:
                    for _ in range(count):
                        iv = data[q:q + iv_size]
                        q += iv_size
                        runs = []
                        if flags & 2:
                            n = struct.unpack_from(">H", data, q)[0]
                            q += 2
                            runs = [struct.unpack_from(">HI", data, q + 6 * i) for i in range(n)]
                            q += 6 * n
                        entries.append((iv, runs))
                except struct.error:
                    continue
                if q == e:
                    senc = entries
                    break
            else:
                raise SystemExit("senc not understood")
        for index, size in enumerate(sizes):
            yield data[offset:offset + size], *(senc[index] if senc else (b"", []))
            offset += size


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def package(name, source, scheme, work):
    output = os.path.join(work, f"{name}.{scheme}.mp4")
    stream = "audio" if name.startswith("aac") else "video"
    arguments = ["packager", f"in={source},stream={stream},output={output}"]
    if scheme != "clear":
        arguments += ["--enable_raw_key_encryption", "--keys", f"label=:key_id={KID}:key={KEY}",
                      "--iv", IV[scheme], "--protection_scheme", scheme, "--clear_lead", "0"]
    run(*arguments)
    with open(output, "rb") as file:
        return file.read()


def emit(name, source, work):
    here = os.path.dirname(os.path.abspath(__file__))
    clear = package(name, source, "clear", work)
    record, plain = configuration(clear), [s[0] for s in samples(clear)]
    with open(os.path.join(here, f"{name}.samples"), "wb") as file:
        file.write(struct.pack(">H", len(record)) + record + struct.pack(">H", len(plain)))
        for sample in plain:
            file.write(struct.pack(">I", len(sample)) + sample)
    for scheme in ("cenc", "cbcs"):
        protected = list(samples(package(name, source, scheme, work)))
        assert [len(s[0]) for s in protected] == [len(s) for s in plain], name
        assert any(s[0] != p for s, p in zip(protected, plain)), name
        with open(os.path.join(here, f"{name}.{scheme}.txt"), "w") as file:
            for data, iv, runs in protected:
                text = ",".join(f"{a}:{b}" for a, b in runs) or "-"
                file.write(f"{iv.hex() or '-'} {text} {hashlib.sha256(data).hexdigest()}\n")


def main(work):
    os.makedirs(work, exist_ok=True)
    for name, (picture, frames, options, x264) in CASES.items():
        source = os.path.join(work, f"{name}.mp4")
        run("ffmpeg", "-y", "-f", "lavfi", "-i", picture, "-frames:v", str(frames), "-an", "-c:v", "libx264",
            *options.split(), "-x264-params", x264 + ":threads=1", source)
        emit(name, source, work)
    source = os.path.join(work, "aac-lc.mp4")
    run("ffmpeg", "-y", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.3:seed=1,lowpass=4000", "-t", "0.8", "-ac", "2",
        "-c:a", "aac", "-b:a", "96k", source)
    emit("aac-lc", source, work)


main(sys.argv[1])
