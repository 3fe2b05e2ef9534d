"""Requests of HTTP/1.1 that nobody would send: right ones that were changed at random, and right ones that cost much. The
generator decides everything, so that a seed gives them again."""

import random
import string

TOKENS = (
    b"..", b"../", b"%2e%2e%2f", b"%00", b"\0", b"\r\n", b"\r\n\r\n", b"\n", b" ", b"\t", b"//", b"?", b"#", b"~", b";", b"&",
    b"%", b"%zz", b"\xff\xfe", b"a" * 4000, b"9" * 40, b"-1", b"18446744073709551616", b"0", b"HTTP/1.0", b"HTTP/2.0",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\n", b"Content-Length: -1\r\n", b"Host: b\r\n",
    b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Expect: 100-continue\r\n",
    b"Range: bytes=0-0\r\n", b"Range: bytes=" + b"0-,1-," * 500 + b"9-\r\n", b"Range: bytes=-0\r\n",
    b"If-None-Match: *\r\n", b"If-None-Match: " + b'"a",' * 1000 + b"\r\n", b"Accept-Encoding: gzip;q=0, *\r\n",
    b"X-Forwarded-For: 1.2.3.4\r\n", b"CMCD-Request: su," + b"bl=1," * 300 + b"\r\n", b"POST", b"OPTIONS", b"HEAD", b"PRI")
QUERIES = (
    "_HLS_msn={n}", "_HLS_msn={n}&_HLS_part={s}", "_HLS_skip=YES", "_HLS_skip={t}", "_HLS_part={s}", "start={n}", "end={n}",
    "start={time}&end={time}", "timedelay={s}", "window={n}", "height={s}-{n}", "bitrate=-{n}", "codec={t}", "language={t}",
    "trickplay={t}", "framerate={s}-{n}", "channels={s}", "publishTime={time}", "CMCD=bl%3D{n}%2Csid%3D%22{t}%22", "token={t}",
    "aws.manifestfilter=video_height:{n}-{s};trickplay_type:{t}", "aws.manifestsettings=start:{n};end:{time}")


def query(generator):
    words = {
        "n": generator.choice((0, 1, generator.randrange(1 << 20), generator.randrange(1 << 64), -1, 10**30)),
        "s": generator.randrange(12), "t": "".join(generator.choices(string.printable, k=generator.randrange(12))),
        "time": f"2026-{generator.randrange(14):02}-{generator.randrange(33):02}T{generator.randrange(25):02}:00:00Z"}
    return "&".join(generator.choices(QUERIES, k=generator.randint(1, 3))).format(**words)


def request(generator, paths):
    path = generator.choice(paths)
    if generator.random() < 0.5:
        path += "?" + query(generator)
    method = generator.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "DELETE"))
    data = f"{method} {path} HTTP/1.1\r\nHost: origin\r\nUser-Agent: fuzz\r\n\r\n".encode("utf-8", "replace")
    for _ in range(generator.choice((0, 1, 1, 2, 4, 8))):
        data = change(generator, data)
    return data * generator.choice((1, 1, 1, 2))


def change(generator, data):
    at = generator.randrange(len(data) + 1)
    match generator.randrange(6):
        case 0: return data[:at] + bytes((generator.randrange(256),)) + data[at + 1:]
        case 1: return data[:at] + generator.choice(TOKENS) + data[at:]
        case 2: return data[:at] + data[at + generator.randint(1, 8):]
        case 3: return data[:at] + data[at:at + 40] * generator.randint(2, 5) + data[at + 40:]
        case 4:
            line = data.find(b"\r\n")
            return data[:line + 2] + generator.choice(TOKENS) + data[line + 2:]
        case _: return data[:at] + generator.randbytes(generator.randint(1, 60)) + data[at:]


def costly(generator: random.Random, paths):
    """A manifest of some seconds of the past, or of a part of the renditions: nobody has asked for it before."""
    path = generator.choice([path for path in paths if path.endswith((".m3u8", ".mpd"))])
    wish = generator.choice((
        f"timedelay={generator.randrange(1, 120)}&window={generator.randrange(2, 600)}",
        f"window={generator.randrange(2, 100000)}", f"height={generator.randrange(200)}-{generator.randrange(200, 10000)}",
        f"bitrate={generator.randrange(10000)}-{generator.randrange(10**6, 10**9)}"))
    return f"GET {path}?{wish} HTTP/1.1\r\nHost: origin\r\nAccept-Encoding: gzip\r\n\r\n".encode()
