"""Cases of bytes, chunks, rates and manners, and of those who may not publish."""

import random
import struct
import time
from dataclasses import replace

import rtmp
from bad_publishers import case, each, is_header, is_key
from rtmp import AUDIO, DATA, VIDEO, Tag, chunks
from sluice import STREAM_KEY


# Broken bytes


def spoiled(name, does, spoil, share=0.15, **settings):
    """Between 3 and 6 s some media tags are spoiled, but for key frames; then all is well."""

    @case(name, does, **({"unreadable": 0.4, "ordered": False, "offset": False} | settings))
    def act(stage):
        chance = random.Random(3)

        def change(tag):
            if is_header(tag) or tag.kind not in (AUDIO, VIDEO) or not 3000 <= tag.at < 6000 or chance.random() > share:
                return tag
            return replace(tag, body=spoil(tag, chance))

        stage.show(each(stage.clips["plain"].until(12_000), change), fine=7000)


def head(tag):
    return 5 if tag.kind == VIDEO else 2


spoiled("empty-tags", "tags of no bytes", lambda tag, _: b"")
spoiled("head-only-tags", "tags that are a header only", lambda tag, _: tag.body[:head(tag)])
spoiled("one-byte-tags", "tags of one byte", lambda tag, _: tag.body[:1])
spoiled("nal-lengths", "NAL unit lengths of noise", lambda tag, chance:
        tag.body[:head(tag)] + chance.randbytes(4) + tag.body[head(tag) + 4:])
spoiled("truncated", "pictures and sound cut short", lambda tag, chance:
        tag.body[:chance.randrange(head(tag), max(len(tag.body), head(tag) + 1))])
spoiled("noise", "the media is noise, all of it between 3 and 6 s", lambda tag, chance:
        tag.body[:head(tag)] + chance.randbytes(len(tag.body) - head(tag)), share=1, unreadable=0.6, breaks=(0, 1))
spoiled("bit-errors", "one bit in some tags is wrong", lambda tag, chance: flipped(tag.body, chance), share=0.4)
spoiled("unknown-codecs", "codec ids that nobody knows", lambda tag, chance:
        bytes([tag.body[0] & 0xF0 | chance.choice((0, 1, 8, 14, 15)) if tag.kind == VIDEO
               else chance.choice((0, 3, 7, 11, 12, 15)) << 4]) + tag.body[1:])


def flipped(body, chance):
    """The head stays: a frame must not become a header, which would hold for all that follows."""
    at = chance.randrange(5, max(len(body), 6)) if len(body) > 5 else 0
    return body[:at] + bytes([body[at] ^ 1 << chance.randrange(8)]) + body[at + 1:]


# Chunks


def framed(name, does, seconds=9, **settings):
    @case(name, does)
    def act(stage):
        stage.show(stage.clips["plain"].until(seconds * 1000), fine=3000, **settings)


framed("one-byte-writes", "every byte in a packet of its own", write_size=1)
framed("chunks-of-1", "a chunk size of 1", chunk_size=1)
framed("chunks-of-65536", "a chunk size of 65536", chunk_size=65536)
framed("chunks-of-16777215", "a chunk size of 2^24 - 1", chunk_size=0xFFFFFF)


@case("chunk-size-in-message", "the chunk size changes in the middle of pictures")
def chunk_size_in_message(stage):
    publisher = stage.publisher(chunk_size=256)
    begin = time.monotonic()
    stage.fine()
    for tag in stage.clips["plain"].until(9000):
        time.sleep(max(0.0, begin + tag.at / 1000 - time.monotonic()))
        if tag.kind != VIDEO or len(tag.body) < 600:
            assert publisher.tag(tag)
            continue
        old, new = publisher.chunk_size, 128 if publisher.chunk_size == 256 else 256
        publisher.frame = tag.frame
        first = rtmp.header(0, 6, tag.timestamp, len(tag.body), VIDEO, 1) + tag.body[:old]
        rest = b"".join(rtmp.header(3, 6) + tag.body[at:at + new] for at in range(old, len(tag.body), new))
        publisher.write(first + rtmp.set_chunk_size(new) + rest)
        publisher.chunk_size = new
    stage.end(publisher)


@case("interleaved", "chunks of sound lie between the chunks of a picture")
def interleaved(stage):
    publisher = stage.publisher(chunk_size=128)
    begin, waiting = time.monotonic(), []
    stage.fine()
    for tag in stage.clips["plain"].until(9000):
        time.sleep(max(0.0, begin + tag.at / 1000 - time.monotonic()))
        if tag.kind == AUDIO:
            waiting += publisher.chunks(tag)
            continue
        parts = publisher.chunks(tag)
        publisher.frame = tag.frame if tag.frame is not None else publisher.frame
        data = b""
        for part in parts:
            data += part + (waiting.pop(0) if waiting else b"")
        publisher.write(data + b"".join(waiting))
        waiting = []
    stage.end(publisher)


@case("aborts", "half of a message is sent and taken back, before each key frame")
def aborts(stage):
    publisher = stage.publisher(chunk_size=128)
    begin = time.monotonic()
    stage.fine()
    for tag in stage.clips["plain"].until(9000):
        time.sleep(max(0.0, begin + tag.at / 1000 - time.monotonic()))
        if is_key(tag):
            half = chunks(VIDEO, bytes(2000), 6, tag.timestamp, 128)[:4]
            publisher.write(b"".join(half) + rtmp.abort(6))
        assert publisher.tag(tag)
    stage.end(publisher)


@case("aggregate", "an aggregate message: the encoder is told what to send", told="aggregate messages", picture=False,
      sound=False)
def aggregate(stage):
    publisher = stage.play(stage.clips["plain"].until(6000), fine=3000)
    publisher.write(b"".join(chunks(22, bytes(60), 6, 6000, publisher.chunk_size)))
    publisher.hear(b"aggregate", 5)


@case("huge-message", "a message of 16 MiB is announced", told="16777215 bytes", breaks=(1, 1))
def huge_message(stage):
    clip = stage.clips["plain"]
    publisher = stage.play(clip.until(5000))
    publisher.write(rtmp.header(0, 6, 5000, 0xFFFFFF, VIDEO, 1) + bytes(1000))
    publisher.hear(b"16777215", 5)
    publisher.close()
    stage.show(clip.until(6000), fine=0)


# Rates and manners


@case("flood", "ten times ingest.maxBitrate: it is ended, and the next one is seen", told="ingest.maxBitrate",
      breaks=(1, 1))
def flood(stage):
    clip = stage.clips["plain"]
    # Filler data units, which a decoder passes over. ITU-T H.264, clause 7.4.1.
    filler = 80_000
    padding = struct.pack(">I", filler) + b"\x0c" + b"\xff" * (filler - 2) + b"\x80"
    sent = each(clip.until(15_000), lambda tag: replace(tag, body=tag.body + padding)
                if tag.kind == VIDEO and not is_header(tag) and tag.at >= 3000 else tag)
    publisher = stage.play(sent, whole=False)
    publisher.hear(b"maxBitrate", 3)
    publisher.close()
    stage.show(clip.until(7000), fine=0)


@case("burst", "30 s of media at once, then on in time", breaks=(0, 2), settle=50)
def burst(stage):
    sent = each(stage.clips["plain"].until(38_000), lambda tag: replace(tag, at=max(0, tag.at - 30_000)))
    stage.show(sent, fine=500)


@case("faster", "a file sent at twice its pace", breaks=(0, 2))
def faster(stage):
    stage.show([replace(tag, at=tag.at / 2) for tag in stage.clips["plain"].until(24_000)], fine=6000)


@case("slow-start", "it publishes, and sends nothing for 5 s")
def slow_start(stage):
    publisher = stage.publisher()
    time.sleep(5)
    stage.end(stage.play(stage.clips["plain"].until(8000), publisher, fine=500))


@case("silent", "it publishes and never sends anything: it is ended after half a minute", refused=True,
      told="sent nothing")
def silent(stage):
    publisher = stage.publisher()
    publisher.hear(b"sent nothing", 45)


@case("hostile-metadata", "setDataFrame with AMF that nests, lies and never ends")
def hostile_metadata(stage):
    string = b"\2\0\x0d@setDataFrame\2\0\x0aonMetaData"
    bodies = [
        string + b"\3\0\1a" * 2000, string + b"\x0a\xff\xff\xff\xff", string + b"\x0c\xff\xff\xff\xffx",
        string + b"\x08\xff\xff\xff\xff\0\5width\0\x7f\xf0\0\0\0\0\0\0\0\0\x09", string + b"\7\0\0",
        string + b"\3\0\5width\0\xff\xf8\0\0\0\0\0\1\0\0\x09", string + b"\x11\x0a", string, b"\2\xff\xff", b"\0",
        b"\x0a\0\0\x10\0" + b"\5" * 4096,
        b"\2\0\x0aonCuePoint\3" + b"\0\1x\2\xff\xff" + b"y" * 60_000,
    ]
    sent = list(stage.clips["plain"].until(9000))
    for index in range(120):
        at = 2000 + index * 25
        sent.append(Tag(at, DATA if index % 3 else 15, at, bodies[index % len(bodies)]))
    stage.show(sorted(sent, key=lambda tag: tag.at), fine=6000)


# Who may not publish


def refusal(name, does, told, act):
    @case(name, does, refused=True, told=told)
    def run(stage):
        publisher = stage.connect()
        act(stage, publisher)
        publisher.hear(b"never said", 6)


refusal("wrong-key", "a wrong stream key", "NetStream.Publish.BadName.*wrong stream key",
        lambda stage, one: one.start(stage.channel, "not-the-key"))
refusal("wrong-app", "a channel that is not there", "NetStream.Publish.BadName.*unknown channel",
        lambda stage, one: one.start("nobody", STREAM_KEY))
refusal("no-key", "no stream key", "No stream key", lambda stage, one: one.start(stage.channel, ""))
refusal("no-channel", "no channel", "No channel in the address", lambda stage, one: one.start("", STREAM_KEY))
refusal("long-key", "a stream key of 60,000 bytes", "too long",
        lambda stage, one: one.start(stage.channel, "k" * 30_000))
refusal("long-app", "a channel's name of 30,000 bytes", "",
        lambda stage, one: one.start("a" * 30_000, STREAM_KEY))
refusal("media-before-publish", "pictures before it may", "", lambda stage, one: one.send(
    rtmp.HANDSHAKE + b"".join(b"".join(chunks(tag.kind, tag.body, 6)) for tag in stage.clips["plain"].until(500))))
refusal("http", "HTTP where RTMP is spoken", "", lambda stage, one: one.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
refusal("play", "it asks to play", "NetStream.Play.Failed", lambda stage, one: one.send(
    rtmp.HANDSHAKE + rtmp.command("connect", 1.0, {"app": stage.channel, "tcUrl": "rtmp://x/y"})
    + rtmp.command("createStream", 2.0, None) + rtmp.command("play", 3.0, None, STREAM_KEY)))
