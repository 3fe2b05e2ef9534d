"""Makes Tools/fuzz/corpus: small real inputs for each target, of our own fixtures and of test pictures by FFmpeg.

    python3 Tools/fuzz/seeds.py

Each file is one input in the form that its target's comment in Tools/fuzz/Fuzz says.
"""

import base64
import hashlib
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "Tools/fuzz/corpus"
LARGEST = 16_000

sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import rtmp  # noqa: E402  the end-to-end tests' encoder made of bytes


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        flv(folder)
        cmaf(folder)
        sheets(folder)
        streams(folder)
    chunks()
    messages()
    splices()
    captions()
    texts()
    addresses()
    print(f"{sum(f.stat().st_size for f in CORPUS.rglob('*') if f.is_file())} bytes")


def save(target, data):
    if isinstance(data, str):
        data = data.encode()
    data = data[:LARGEST]
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def picture(seconds=0.2):
    return ["-f", "lavfi", "-i", f"testsrc2=size=64x64:rate=25:duration={seconds},format=yuv420p"]


def sound(seconds=0.1):
    return ["-f", "lavfi", "-i", f"sine=440:sample_rate=48000:duration={seconds}"]


def tag(kind, time, body):
    return bytes([kind]) + struct.pack(">IH", time, min(len(body), 65535)) + body[:65535]


def flv(folder):
    file = folder / "a.flv"
    ffmpeg(*picture(), *sound(), "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-c:a", "aac", "-f", "flv", file)
    tags = list(rtmp.tags(file))
    save("flv", b"".join(tag(*item) for item in tags))
    for kind, _, body in tags[:4]:
        save("flv", tag(kind, 0, body))
        if kind == 18:
            save("amf", body)
    data = b"".join(rtmp.amf(value) for value in ("onTextData", {"type": "Text", "text": "x", "n": 1.5}))
    save("flv", tag(18, 0xFFFFFF, data))
    record = tags[1][2][5:] if tags[1][0] == 9 else tags[2][2][5:]
    for fourcc in (b"avc1", b"hvc1", b"av01", b"vp09"):
        start, coded, plain, end = (bytes([0x90 | kind]) + fourcc for kind in (0, 1, 3, 2))
        nal = b"\0\0\0\2\x65\x88"
        save("flv", tag(9, 0, start + record) + tag(9, 40, coded + b"\0\0\x28" + nal) + tag(9, 80, plain + nal) + tag(9, 99, end))
        save("flv", tag(9, 0, b"\x97\x03\0\0\0\1\x90" + fourcc + record))
        save("flv", tag(9, 0, b"\x96\x00" + fourcc + b"\0" + record))
        save("flv", tag(9, 0, b"\x96\x10" + fourcc + b"\0" + len(record).to_bytes(3, "big") + record + b"\1\0\0\0"))
        save("flv", tag(9, 0, b"\x96\x20" + fourcc + b"\0" + len(record).to_bytes(3, "big") + record))
    for fourcc in (b"mp4a", b"Opus", b"fLaC", b"ac-3", b"ec-3"):
        save("flv", tag(8, 0, b"\x90" + fourcc + b"\x11\x90") + tag(8, 21, b"\x91" + fourcc + b"\1\2\3"))
        save("flv", tag(8, 0, b"\x95\x00" + fourcc + b"\0\x11\x90") + tag(8, 0, b"\x94" + fourcc + b"\0\2"))
    metadata = b"\2\0\x0dcolorInfo\0\0\0" + rtmp.amf({"colorConfig": {"bitDepth": 10.0}})
    save("flv", tag(9, 0, b"\x94hvc1" + metadata))

    values = [
        {"app": "live", "flashVer": "FMLE/3.0", "fourCcList": "hvc1", "objectEncoding": 3.0}, None, 1.0, "text",
    ]
    save("amf", b"".join(map(rtmp.amf, values)))
    save("amf", b"\x08\0\0\0\1\0\1a\1\1\0\0\x09" + b"\x0a\0\0\0\2\5\6" + b"\x0b" + bytes(10) + b"\x0c\0\0\0\1x"
         + b"\x10\0\1c\0\1m\5\0\0\x09" + b"\x0f\0\0\0\1<" + b"\x0d")
    save("amf", b"\3\0\1a" * 17)

    def command(*values):
        return tag(20, 0, b"".join(map(rtmp.amf, values)))

    opening = (command("connect", 1.0, values[0] | {"tcUrl": "rtmp://192.0.2.1/live"})
               + command("releaseStream", 2.0, None, "key") + command("FCPublish", 3.0, None, "key")
               + command("createStream", 4.0, None) + command("publish", 5.0, None, "key?x=y", "live"))
    media = tag(18, 0, b"\2\0\x0d@setDataFrame") + tag(9, 0, b"\x17\0\0\0\0") + tag(8, 0, b"\xaf\0\x11\x90")
    save("conversation", opening + b"\x80" + media + command("FCUnpublish", 6.0, None, "key")
         + command("deleteStream", 7.0, None, 1.0))
    save("conversation", opening + b"\x81" + command("closeStream", 0.0, None))
    save("conversation", tag(1, 0, b"\0\0\x10\0") + tag(2, 0, b"\0\0\0\4") + tag(5, 0, b"\0\1\0\0")
         + tag(4, 0, b"\0\6\0\0\0\1") + tag(3, 0, bytes(4)) + tag(6, 0, b"\0\1\0\0\2") + opening + b"\x82\x7f\xff\xff\xff")
    save("conversation", tag(17, 0, b"\0" + b"".join(map(rtmp.amf, ("connect", 1.0, {"app": "a/b"})))) + tag(22, 0, b"x")
         + command("play", 1.0, None, "x") + command("getStreamLength", 1.0, None) + command("_checkbw", 1.0))

    both = rtmp.opening("live", "key") + b"".join(
        rtmp.message(kind, body[:600], 6 if kind == 9 else 4, time) for kind, time, body in tags[:12])
    sizes = rtmp.message(1, struct.pack(">I", 4096), 2) + rtmp.header(0, 4, 0xFFFFFF, 300, 8, 1) + struct.pack(">I", 1 << 24)
    sizes += bytes(300) + rtmp.header(3, 4) + struct.pack(">I", 40) + bytes(300) + rtmp.message(2, struct.pack(">I", 4), 2)
    wide = b"\0\7" + rtmp.header(0, 2, 0, 5, 18, 1)[1:] + b"abcde" + b"\1\7\1" + rtmp.header(0, 2, 0, 0, 18, 1)[1:]
    cut = rtmp.header(0, 5, 9, 200, 9, 1) + bytes(128) + rtmp.message(2, struct.pack(">I", 5), 2) + rtmp.header(1, 5, 1, 3, 9) + b"abc"
    for data in (both, sizes, wide, cut, rtmp.overflow(300), rtmp.header(0, 6, 0, 100_000, 9, 1) + bytes(50)):
        for flags in (0x00, 0x5F, 0x40):
            save("chunk-guard", bytes([flags]) + data)
        save("rtmp-read", data)
    save("chunk-guard", b"\x7f" + rtmp.HANDSHAKE + both[:2000])
    save("chunk-guard", b"\x20\x16\3\1")
    save("chunk-guard", b"\x20GET / HTTP/1.1\r\n\r\n")


def boxes(data):
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position:position + 4], "big")
        yield data[position + 4:position + 8], data[position:position + size]
        position += size


def cmaf(folder):
    encoders = {
        "avc": (picture(), ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-video_track_timescale", "90000"]),
        "avc-b": (picture(), ["-c:v", "libx264", "-bf", "2", "-video_track_timescale", "90000"]),
        "hevc": (picture(), ["-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"]),
        "av1": (picture(0.1), ["-c:v", "libaom-av1", "-cpu-used", "8"]),
        "aac": (sound(), ["-c:a", "aac"]), "ac3": (sound(), ["-c:a", "ac3"]), "eac3": (sound(), ["-c:a", "eac3"]),
        "opus": (sound(), ["-c:a", "libopus"]),
        "cenc": (picture(), ["-c:v", "libx264", "-preset", "ultrafast", "-encryption_scheme", "cenc-aes-ctr",
                             "-encryption_key", "0" * 32, "-encryption_kid", "1" * 32]),
    }
    chunks = {}
    for name, (source, options) in encoders.items():
        file = folder / f"{name}.mp4"
        ffmpeg(*source, *options, "-movflags", "cmaf+frag_keyframe+delay_moov+default_base_moof", "-frag_duration", "80000",
               file)
        parts = list(boxes(file.read_bytes()))
        save("cmaf-header", b"".join(data for kind, data in parts if kind in (b"ftyp", b"moov")))
        media = [data for kind, data in parts if kind in (b"moof", b"mdat")]
        chunks[name] = [placed(media[index] + media[index + 1], name) for index in range(0, len(media) - 1, 2)]
    for name in ("avc", "avc-b", "cenc", "aac"):
        track = 1 if name == "aac" else 0
        items = chunks[name]
        for count in (1, len(items)):
            save("cmaf-chunk", b"".join(
                bytes([track | (2 if index + 1 == count else 0)]) + struct.pack(">H", len(item)) + item
                for index, item in enumerate(items[:count])))
    both = bytes([2]) + struct.pack(">H", len(chunks["avc"][0])) + chunks["avc"][0]
    save("cmaf-chunk", both + bytes([3]) + struct.pack(">H", len(chunks["aac"][0])) + chunks["aac"][0])
    for flags in (0, 1):
        video, audio = chunks["avc-b"][0], chunks["aac"][0]
        save("transport-muxer", bytes([flags]) + struct.pack(">H", len(video)) + video + audio)

    for target, prefixes in (("avc-samples", ("baseline", "main", "high", "fade", "tiny")), ("hevc-samples", ("hevc",)),
                             ("av1-samples", ("av1",))):
        for file in sorted((ROOT / "Tests/CommonEncryptionTests/Fixtures").glob("*.samples")):
            if file.name.startswith(prefixes):
                save(target, shortened(file.read_bytes()))
    kinds = {"aac": 0, "opus": 1, "ac3": 2, "eac3": 3, "hevc": 5, "av1": 6}
    for file in sorted((ROOT / "Tests/CommonEncryptionTests/Fixtures").glob("*.samples")):
        data = file.read_bytes()
        kind = kinds.get(file.name.split("-")[0].split(".")[0], 4)
        save("codec-records", bytes([kind]) + data[2:2 + int.from_bytes(data[:2], "big")])


def captions():
    def parity(byte):
        return byte | (0x80 if byte.bit_count() % 2 == 0 else 0)

    def pairs(*codes):
        return bytes(parity(byte) for code in codes for byte in code)

    pop_on = [(0x14, 0x20), (0x14, 0x2E), (0x14, 0x40), (0x48, 0x49), (0x11, 0x37), (0x12, 0x24), (0x14, 0x2F), (0x14, 0x2C)]
    roll_up = [(0x14, 0x25), (0x14, 0x60), (0x41, 0x42), (0x14, 0x2D), (0x13, 0x52), (0x17, 0x22), (0x14, 0x21), (0x14, 0x24)]
    paint_on = [(0x15, 0x29), (0x01, 0x03), (0x41, 0x00), (0x15, 0x2A), (0x1C, 0x29), (0x1A, 0x3F)]
    for script in (pop_on, roll_up, paint_on):
        # Both fields have it.
        save("captions", b"\0" + b"".join(pairs(code, code) for code in script))
    data = bytes.fromhex("b50031") + b"GA94" + bytes((3, 0x40 | len(pop_on), 0xFF))
    data += b"".join(b"\xfc" + pairs(code) for code in pop_on) + b"\xff"
    for form, size in ((1, len(data)), (2, len(data)), (1, 255)):
        save("captions", bytes((form, 1, 2, 9, 9, 4, size)) + data + b"\x80")


def sheets(folder):
    for size in ("64:18", "32:18"):
        for options in ([], ["-pix_fmt", "gray"]):
            file = folder / "sheet.jpg"
            ffmpeg(*picture(), "-vf", f"scale={size}", *options, "-frames:v", "1", "-q:v", "31", file)
            save("sheet", file.read_bytes())


def placed(chunk, name):
    """The chunk at the time of segment 1000 of 6 s: SegmentAssembly holds times to numbers."""
    position = chunk.index(b"tfdt") + 8
    scale = 48000 if name == "aac" else 90000
    time = int.from_bytes(chunk[position:position + 8], "big") if chunk[position - 4] else 0
    return chunk[:position] + (time + 6000 * scale).to_bytes(8, "big") + chunk[position + 8:]


def shortened(data):
    """A fixture with each sample cut to 400 bytes of its first NAL unit or OBU; the first six samples."""
    size = int.from_bytes(data[:2], "big")
    position = size + 4
    samples = []
    while position + 4 <= len(data) and len(samples) < 6:
        length = int.from_bytes(data[position:position + 4], "big")
        samples.append(data[position + 4:position + 4 + length])
        position += 4 + length
    kept = [sample for sample in samples if len(sample) < 1200] or [samples[0]]
    return data[:size + 2] + struct.pack(">H", len(kept)) + b"".join(
        struct.pack(">I", len(sample)) + sample for sample in kept)


def streams(folder):
    for name, options in (("both", []), ("video", ["-an"]), ("audio", ["-vn"])):
        file = folder / f"{name}.ts"
        ffmpeg(*picture(), *sound(), "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", *options, "-f", "mpegts", file)
        data = file.read_bytes()[:188 * 60]
        save("transport-stream", data)
        # As SAMPLE-AES names its streams: the reader looks at no CRC.
        save("transport-stream", data.replace(b"\x1b\xe1\x00", b"\xdb\xe1\x00").replace(b"\x0f\xe1\x01", b"\xcf\xe1\x01"))
    ffmpeg(*picture(2), *sound(2), "-c:v", "libx264", "-g", "25", "-c:a", "aac", "-f", "dash", "-seg_duration", "1",
           folder / "a.mpd")
    save("dash", (folder / "a.mpd").read_text())
    ffmpeg(*picture(2), *sound(2), "-c:v", "libx264", "-g", "25", "-c:a", "aac", "-f", "hls", "-hls_time", "1",
           "-hls_segment_type", "fmp4", "-hls_flags", "program_date_time+independent_segments", "-master_pl_name",
           "main.m3u8", folder / "a.m3u8")
    for file in ("main.m3u8", "a.m3u8"):
        save("hls", (folder / file).read_text())


def framed(kind, body):
    return struct.pack(">IB", len(body) + 1, kind) + body


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def chunks():
    header = min((CORPUS / "cmaf-header").iterdir(), key=lambda file: file.stat().st_size).read_bytes()
    media = min((CORPUS / "cmaf-chunk").iterdir(), key=lambda file: file.stat().st_size).read_bytes()[3:]
    track = text("720p") + struct.pack(">IIII", 6000, 30000, 1001, len(header)) + header
    bodies = [
        (1, b"\0\1"), (2, text("news") + text("key") + text("FMLE/3.0")), (3, b"\1" + track),
        (3, b"\2" + track + text("stereo") + struct.pack(">IIII", 0, 0, 0, len(header)) + header),
        (4, struct.pack(">BQB", 0, 293_947_281, 1) + media), (5, bytes(range(88))), (6, b"\1" + text("a jump")),
        (7, text("the end")),
    ]
    for body in bodies:
        save("chunk-stream", b"\x00" + framed(*body))
    for flags in (0x00, 0x07):
        save("chunk-stream", bytes([flags]) + b"".join(framed(*body) for body in bodies))


def messages():
    ladder = ('{"video":[{"name":"source","codec":"copy","width":0,"height":0,"bitrate":0,"rateControl":"cbr","profile":'
              '"high","level":0,"gopSize":0,"bFrames":0,"preset":"veryfast"}],"audio":[{"name":"a","codec":"copy",'
              '"bitrate":0,"sampleRate":0,"channels":0}],"segmentDurationSeconds":6,"partDurationMilliseconds":1000}')
    save("chunk-stream", b"\x80" + framed(64, struct.pack(">QqB", 77, -5, 1) + ladder.encode()))
    save("chunk-stream", b"\x80" + framed(67, struct.pack(">Q", 78)) + framed(68, b""))
    save("chunk-stream", b"\x80" + framed(65, text("unknown channel")) + framed(66, text("taken over")))


# The least profile, and one part of it at a time written out.
PROFILE = {
    "channel": "a",
    "ingest": "{streamKeys: {primary: {env: KEY}}}",
    "video": "[{name: v, codec: copy}]",
    "audio": "[{name: s, codec: copy}]",
    "segmentDurationSeconds": "6",
    "endpoints": "[{id: h, package: hls, container: cmaf}]",
}
SPEKE = """
  m:
    url: http://h/c
    version: "2.0"
    resourceId: r
    authentication: {none: {}}
    keyPolicy: {video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1}
"""
PROFILES = (
    {},
    {"ingest": """{streamKeys: {primary: {file: k}, backup: key}, allow: ["127.0.0.0/8", "::1/128"], maxBitrate: 9000000,
  sourceEndBehavior: END}"""},
    {"ingest": """{streamKeys: {primary: [{env: KEY}, {file: k}]}, inputLoss: {holdSeconds: 5, fill: black, end: gap}, webhook:
  {url: "https://h/p", secret: {env: KEY}, caFile: c, timeoutSeconds: 5, onFailure: deny, sendStreamKey: false}}""",
     "slate": "{image: i.png}"},
    {"video": """
- {name: v, codec: h264, width: 640, height: 360, framerate: 30000/1001, bitrate: 900000, rateControlMode: CBR, profile: HIGH,
   level: "3.1", gopSize: 90, gopNumBFrames: 2, preset: veryfast}""",
     "audio": "[{name: s, codec: aac, bitrate: 128000, sampleRate: 48000, channels: 2, language: und}]",
     "partDurationSeconds": "1", "storageWindowSeconds": "600"},
    {"endpoints": "[{id: h, package: hls, container: ts, encryption: {method: AES-128, keyRotationIntervalSeconds: 300, "
                  "speke: m}}]", "speke": SPEKE},
    {"endpoints": "[{id: h, package: hls, container: cmaf, programDateTimeIntervalSeconds: 6, encryption: {method: "
                  "SAMPLE-AES, scheme: cbcs, speke: m, systems: [clearkey, fairplay]}}]", "speke": SPEKE},
    {"endpoints": "[{id: d, package: dash, manifestWindowSeconds: 60, minBufferTimeSeconds: 6, minUpdatePeriodSeconds: 3, "
                  "suggestedPresentationDelaySeconds: 18, segmentTemplate: timeline, periodTriggers: [keyRotation]}]"},
    {"speke": SPEKE.replace("{none: {}}", "{basic: {user: u, password: {env: KEY}}}")
        + "    prefetchSeconds: 60\n    onKeyFailure: {graceSeconds: 30, then: stop}\n"},
)


def splices():
    """The sample messages of SCTE 35, clause 14, without their CRC, and what encoders make of them."""
    samples = re.findall(r'"(/D[A-Za-z0-9+/=]+)"', (ROOT / "Tests/SCTE35Tests/SpliceInfoSectionTests.swift").read_text())
    sections = [base64.b64decode(text)[:-4] for text in samples if len(text) > 40]
    for section in sections:
        save("splice", struct.pack(">HH", 4, len(section)) + section)
    save("splice", b"".join(struct.pack(">HH", 4 * at, len(section)) + section for at, section in enumerate(sections)))
    for name, members in (
            ("onCuePoint", {"name": "scte35", "type": "event", "time": 4.5, "parameters": {"data": samples[0]}}),
            ("onAdCue", {"cue": "SpliceOut", "id": "a1", "duration": 30.0, "elapsed": 2.0, "time": 9.0}),
            ("onCuePoint", {"type": "com.youtube.cuepoint", "pre_roll_time_sec": 2.5, "break_duration_sec": 30.0,
                            "splice_event_id": 0.0, "out_of_network_indicator": "1"})):
        save("cue-point", rtmp.amf(name) + rtmp.amf(members))


def texts():
    # Not the profiles as they are: comments and a second rung say nothing new, and cost each mutation time.
    for change in PROFILES:
        save("profile", "".join(f"{key}: {value}\n" for key, value in (PROFILE | change).items()))
    save("profile", "a: &x {b: 1}\nc: [*x]\n<<: *x\na: 2\n'q': !!int 3\nt: |\n  x\n")
    save("sluice-yaml", """rtmp: {listen: ["0.0.0.0:1935", "[::]:1935"], maxPublishers: 64, handshakeTimeoutSeconds: 10}
rtmps: {listen: "0.0.0.0:1936", certificate: c.pem, privateKey: k.pem}
origin:
  listen: "[::]:8080"
  drainSeconds: 3
admin: {listen: "127.0.0.1:9090", token: {file: token}}
storage: {directory: ./data, maxBytes: 20GiB, seal: true, hostKey: {command: [cat, key]}}
log: {level: info, format: json}
""")
    save("sluice-yaml", "storage:\n  maxBytes: 1.5TiB\n  hostKey: {file: /etc/key}\nlog: {level: debug}\n")
    tests = ROOT / "Tests"
    save("cpix", swift_text(tests / "CPIXTests/CPIXDocumentTests.swift", "<cpix:CPIX"))
    save("cpix", """<?xml version="1.0"?><CPIX id="x" xmlns="urn:dashif:org:cpix" xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc">
<DeliveryDataList><DeliveryData><DeliveryKey><X509Data xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Certificate>MAA=
</X509Certificate></X509Data></DeliveryKey></DeliveryData></DeliveryDataList><ContentKeyList><ContentKey
kid="00112233-4455-6677-8899-aabbccddeeff"><Data><p:Secret><p:EncryptedValue><EncryptionMethod
xmlns="http://www.w3.org/2001/04/xmlenc#" Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/><CipherData
xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherValue>AAAA</CipherValue></CipherData></p:EncryptedValue><p:ValueMAC>AA==
</p:ValueMAC></p:Secret></Data></ContentKey></ContentKeyList><ContentKeyPeriodList><ContentKeyPeriod id="a"
start="2026-03-01T00:00:00Z" end="2026-03-01T01:00:00Z"/></ContentKeyPeriodList></CPIX>""")
    save("hls", """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:293947281
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXT-X-START:TIME-OFFSET=-18.5,PRECISE=YES
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1",IV=0x000102030405060708090A0B0C0D0E0F
#EXT-X-MAP:URI="init-1.mp4",BYTERANGE="10@0"
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.123Z
#EXT-X-DATERANGE:ID="a",START-DATE="2026-03-01T12:00:00Z",DURATION=5.5,SCTE35-OUT=0xFC00
#EXTINF:6.006,title
293947281.m4s
#EXT-X-DISCONTINUITY
#EXT-X-GAP
#EXTINF:6,
293947282.m4s
#EXT-X-ENDLIST
""")
    save("hls", """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES-CTR,URI="data:text/plain;base64,AAAA",KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a/playlist.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2800000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="a",HDCP-LEVEL=NONE
v/playlist.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"
""")
    save("dash", """<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" profiles="urn:mpeg:dash:profile:isoff-live:2011"
 type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="2026-03-01T00:00:00Z" minimumUpdatePeriod="PT6S"
 timeShiftBufferDepth="PT1M" minBufferTime="PT6S" suggestedPresentationDelay="PT18S">
<Period id="p1" start="PT0S"><EventStream schemeIdUri="urn:scte:scte35:2013:xml" timescale="90000"><Event
 presentationTime="1" duration="2" id="3">x</Event></EventStream>
<AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" maxFrameRate="30000/1001">
<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"
 cenc:default_KID="00112233-4455-6677-8899-aabbccddeeff"/>
<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"><cenc:pssh>AAAA</cenc:pssh>
</ContentProtection><SegmentTemplate timescale="90000" media="$RepresentationID$/$Number%05d$.m4s"
 initialization="$RepresentationID$/init.mp4" startNumber="7" presentationTimeOffset="5"><SegmentTimeline>
<S t="10" d="540000" r="3"/><S d="270000"/></SegmentTimeline></SegmentTemplate>
<Representation id="v" bandwidth="3000000" codecs="avc1.64001f" width="1280" height="720" sar="1:1"/></AdaptationSet>
</Period><UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="time"/></MPD>""")
    for path in ("/demo/hls-ts/index.m3u8", "/demo/dash/index.mpd", "/demo/hls/a/playlist.m3u8?_HLS_msn=7&_HLS_part=2",
                 "/demo/dash/index.mpd?start=2026-11-21T20:15:00%2B01:00&end=1795300000.5&height=-720,1080&codec=h264",
                 "/demo/hls/index.m3u8?aws.manifestfilter=video_height%3A1-720%3Baudio_language%3Ade,en&timedelay=30",
                 "/demo/hls/index.m3u8?aws.manifestfilter=video_height:1;:&aws.manifestsettings=::",
                 "/demo/dash/time?x#y", "/a/b/720p/playlist.m3u8",
                 "/a/b/720p/r1/init-3-7e1.mp4", "/a/b/720p/r1/init-0.mp4", "/a/b/c/d/293947281.m4s", "/a/b/c/d/0.ts"):
        save("resource-path", path)
    save("viewer-token", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTkwMDAwMDAwMH0.AAAA")
    save("viewer-token", "eyJhbGciOiJIUzI1NiJ9.eyJjb250ZW50IjoibiIsImV4cCI6MS41ZTksIm5iZiI6MX0=.AA")


def addresses():
    for line in ("TCP4 192.0.2.7 198.51.100.1 4711 80", "TCP6 2001:db8::7 2001:db8::1 4711 443", "UNKNOWN a b"):
        save("proxy-header", f"PROXY {line}\r\nGET / HTTP/1.1\r\n")
    start = b"\r\n\r\n\0\r\nQUIT\n"
    save("proxy-header", start + b"\x21\x11\0\x11" + bytes((192, 0, 2, 7, 198, 51, 100, 1, 18, 103, 0, 80, 4, 0, 2, 1, 1)))
    save("proxy-header", start + b"\x21\x21\0\x24" + bytes(36))
    save("proxy-header", start + b"\x21\x31\0\xd8" + bytes(216))
    save("proxy-header", start + b"\x20\0\0\0")
    for text in ('for=192.0.2.43, for="[2001:db8:cafe::17]:4711";proto=http;by=203.0.113.43', 'for="_a\\"b",for=unknown;',
                 "1.1.1.1, [2001:db8::1]:80,10.0.0.2:_p,,::ffff:10.0.0.3"):
        save("forwarded", text)
    for text in ("br%3D3200%2Cbs%2Cnor%3D%22..%252F300kbps%252Fa.m4v%3Ftoken%3Dx%22%2Csid%3D%22a%5C%22b%22%2Csu%3D%3F0",
                 "pr=1.08,br=(3000;v 128;a),com.example-x=\"~exp=1\"", "https://a:b@host/news/hls/~x/index.m3u8?token=y#z",
                 "/news/hls/~exp=1~hmac=00/720p/playlist.m3u8?_HLS_msn=5&CMCD=bl%3D1&x=%zz"):
        save("logged", text)


def swift_text(path, start):
    """The multi-line string literal of a Swift test that holds `start`."""
    literals = re.findall(r'"""\n(.*?)\n\s*"""', path.read_text(), re.S)
    found = next(literal for literal in literals if start in literal)
    return "\n".join(line.strip() for line in found.replace("\\\n", " ").splitlines())


main()
