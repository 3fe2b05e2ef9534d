#!/usr/bin/env python3
"""Makes the fixtures of CommonEncryptionTests: see README.md beside this file.

usage: make.py WORKDIR [CASE...]   (ffmpeg, aomenc and Shaka Packager, as `packager`, in PATH)
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
NOISE = "testsrc2=size=192x128:rate=25,noise=alls=8:allf=t"
HEVC = {
    "hevc-slices-wpp": (NOISE, 12, "-crf 34", "slices=3:wpp=1:ctu=16:bframes=4:b-pyramid=1:ref=4:weightp=1:weightb=1:keyint=8"),
    "hevc-main10-hrd": (NOISE, 10, "-pix_fmt yuv420p10le -crf 36", "vbv-maxrate=600:vbv-bufsize=600:hrd=1:aud=1:repeat-headers=1:bframes=2:keyint=5:open-gop=1:scaling-list=default:wpp=0"),
    "hevc-444-lossless": ("testsrc2=size=96x64:rate=25", 6, "-pix_fmt yuv444p", "lossless=1:bframes=1:keyint=6:tskip=1"),
    "hevc-fade": ("testsrc2=size=192x128:rate=25,fade=in:0:12", 12, "-pix_fmt yuv420p -crf 34", "weightp=1:weightb=1:ref=5:bframes=2:keyint=12:no-sao=1:no-temporal-mvp=1"),
    "hevc-refresh": (NOISE, 12, "-crf 36", "intra-refresh=1:bframes=0:keyint=12:deblock=2,-2:no-deblock=1:max-merge=2:ctu=32"),
    "hevc-skip": ("testsrc2=size=192x128:rate=25,trim=end_frame=1,loop=12:1", 12, "-crf 40", "slices=2:wpp=1:bframes=3:temporal-layers=1:keyint=12:sar=3:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"),
}
AV1 = {
    "av1-svt": (NOISE, 12, "-c:v libsvtav1 -preset 9 -crf 40 -g 6", ""),
    "av1-svt-tiles": ("testsrc2=size=640x360:rate=25", 6, "-c:v libsvtav1 -preset 10 -crf 55 -g 6 -svtav1-params tile-columns=1:tile-rows=1:film-grain=8", ""),
    "av1-aom-tiles": ("testsrc2=size=320x180:rate=25,noise=alls=4:allf=t", 8, "-c:v libaom-av1 -cpu-used 5 -crf 50 -g 8 -tiles 2x2 -lag-in-frames 6", ""),
    "av1-aom-groups": ("testsrc2=size=320x180:rate=25", 6, "-c:v libaom-av1 -cpu-used 6 -crf 55 -g 6 -tiles 4x1 -lag-in-frames 0 -aom-params num-tile-groups=2", ""),
    "av1-aom-screen": ("cellauto=size=192x128:rate=25:rule=110", 6, "-c:v libaom-av1 -cpu-used 4 -crf 55 -g 3 -lag-in-frames 0 -pix_fmt yuv420p -aom-params tune-content=screen:enable-intrabc=1", ""),
    "av1-aom-motion": ("testsrc2=size=256x192:rate=25,trim=end_frame=1,loop=20:1,setpts=N/25/TB,rotate=a=t/3:c=gray,noise=alls=2", 8, "-c:v libaom-av1 -cpu-used 2 -crf 45 -g 10 -pix_fmt yuv420p -aom-params enable-global-motion=1", ""),
    "av1-aom-lossless": ("testsrc2=size=64x64:rate=25", 6, "-c:v libaom-av1 -cpu-used 6 -crf 0 -g 6 -pix_fmt yuv444p -aom-params lossless=1", ""),
    "av1-aom-10bit": (NOISE, 8, "-c:v libaom-av1 -cpu-used 5 -crf 55 -g 8 -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -aom-params aq-mode=1:enable-qm=1:denoise-noise-level=20:denoise-block-size=16:sb-size=64", ""),
    "av1-aom-mono": (NOISE, 6, "-c:v libaom-av1 -cpu-used 6 -crf 55 -g 6 -pix_fmt gray -aom-params reduced-tx-type-set=1:enable-global-motion=1", ""),
    "av1-rav1e": (NOISE, 6, "-c:v librav1e -speed 8 -qp 160 -g 6 -rav1e-params tiles=4", ""),
}
# What FFmpeg's libaom wrapper cannot ask for; by aomenc.
AOMENC = {
    "av1-aomenc-sizes": "--resize-mode=2 --superres-mode=2 --kf-max-dist=12",
    "av1-aomenc-switch": "--sframe-dist=4 --sframe-mode=2 --kf-max-dist=24 --kf-min-dist=24 --error-resilient=1",
    "av1-aomenc-forward": "--enable-fwd-kf=1 --fwd-kf-dist=6 --kf-max-dist=24 --lag-in-frames=19 --timing-info=constant --film-grain-test=10",
}
AUDIO = {
    "aac-lc": ("2", "-c:a aac -b:a 96k"),
    "ac3-stereo": ("2", "-c:a ac3 -b:a 96k"),
    "eac3-surround": ("6", "-c:a eac3 -b:a 192k"),
    "opus-stereo": ("2", "-c:a libopus -b:a 64k"),
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
    for kind in (b"avcC", b"hvcC", b"av1C", b"dac3", b"dec3", b"dOps", b"esds"):
        at = data.find(kind)
        if at < 0:
            continue
        size = struct.unpack_from(">I", data, at - 4)[0]
        body = data[at + 4:at - 4 + size]
        if kind != b"esds":
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
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")


def package(name, source, scheme, work):
    output = os.path.join(work, f"{name}.{scheme}.mp4")
    stream = "audio" if name in AUDIO else "video"
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


def main(work, wanted):
    os.makedirs(work, exist_ok=True)
    def clip(name, *arguments):
        if wanted and name not in wanted:
            return
        source = os.path.join(work, f"{name}.mp4")
        run("ffmpeg", "-y", *arguments, source)
        emit(name, source, work)
    for name, (picture, frames, options, x264) in CASES.items():
        clip(name, "-f", "lavfi", "-i", picture, "-frames:v", str(frames), "-an", "-c:v", "libx264", *options.split(),
             "-x264-params", x264 + ":threads=1")
    for name, (picture, frames, options, x265) in HEVC.items():
        clip(name, "-f", "lavfi", "-i", picture, "-frames:v", str(frames), "-an", "-c:v", "libx265", "-tag:v", "hvc1",
             *options.split(), "-x265-params", x265 + ":pools=1:frame-threads=1")
    for name, (picture, frames, options, _) in AV1.items():
        clip(name, "-f", "lavfi", "-i", picture, "-frames:v", str(frames), "-an", "-strict", "-2", *options.split())
    for name, options in AOMENC.items():
        picture, coded = os.path.join(work, "picture.y4m"), os.path.join(work, f"{name}.ivf")
        if not wanted or name in wanted:
            run("ffmpeg", "-y", "-f", "lavfi", "-i", NOISE, "-frames:v", "14", "-pix_fmt", "yuv420p", picture)
            run("aomenc", "--cpu-used=6", "--end-usage=q", "--cq-level=50", *options.split(), "--ivf", "-o", coded, picture)
        clip(name, "-i", coded, "-c", "copy")
    for name, (channels, options) in AUDIO.items():
        clip(name, "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.3:seed=1,lowpass=4000", "-t", "0.8", "-ac", channels,
             *options.split())


main(sys.argv[1], sys.argv[2:])
