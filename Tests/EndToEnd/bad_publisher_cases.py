"""Cases of connections, times, headers and missing media: functions that publish badly, with what must be seen."""

import random
import struct
import threading
import time
from dataclasses import replace

import rtmp
from bad_publishers import case, each, is_header, is_key
from rtmp import AUDIO, VIDEO, Tag
from sluice import STREAM_KEY


def moved(sent, by, after=5000):
    """Tags whose times are off by `by` from `after` on."""
    return each(sent, lambda tag: replace(tag, timestamp=(tag.timestamp + by) % (1 << 32)) if tag.at >= after else tag)


def later(sent, by):
    return [replace(tag, at=tag.at + by) for tag in sent]


# Connections


@case("drop-in-message", "the connection is cut in the middle of a picture; another comes", breaks=(1, 1))
def drop_in_message(stage):
    clip = stage.clips["plain"]
    first = stage.play(clip.until(5000))
    first.write(b"".join(first.chunks(Tag(0, VIDEO, 5000, b"\x27\1\0\0\0" + bytes(9000))))[:3000])
    first.close()
    time.sleep(0.5)
    stage.show(clip.until(7000), fine=0)


@case("reconnect", "it closes without a word and is back within a second", breaks=(1, 1))
def reconnect(stage):
    clip = stage.clips["plain"]
    stage.play(clip.until(5000)).close()
    time.sleep(0.3)
    stage.show(clip.between(5000, 12_000), fine=0)


@case("ghost", "it falls silent without closing; a new connection with its key takes over at once", breaks=(1, 1),
      told="took over")
def ghost(stage):
    clip = stage.clips["plain"]
    silent = stage.play(clip.until(5000))
    begin = time.monotonic()
    second = stage.publisher()
    assert time.monotonic() - begin < 8, "the second had to wait"
    stage.end(stage.play(clip.between(5000, 12_000), second, fine=0))
    silent.hear(b"took over", 5)
    assert silent.is_closed(5), "the ghost's connection stays open"


@case("takeover", "another encoder comes while the first goes on sending", breaks=(1, 1), told="took over")
def takeover(stage):
    clip = stage.clips["plain"]
    first = stage.publisher()
    thread = threading.Thread(target=first.play, args=(clip.until(20_000),))
    thread.start()
    time.sleep(5)
    stage.show(clip.until(8000), fine=0)
    thread.join(10)
    assert not thread.is_alive(), "the first still sends"
    first.hear(b"took over", 5)


@case("two-at-once", "two encoders come at the same moment and both send", breaks=(0, 1))
def two_at_once(stage):
    clip = stage.clips["plain"]
    both = [stage.connect(), stage.connect()]
    ends = []

    def run(one):
        ends.append(one.start(stage.channel, STREAM_KEY).count("Publish.Start") and one.play(clip.until(9000)))

    threads = [threading.Thread(target=run, args=(one,)) for one in both]
    stage.fine()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, ends)) == [False, True], f"not one of two went on: {ends}"
    # The one that went on is the one whose last picture counts.
    stage.publishers.sort(key=lambda one: one.frame or 0)
    stage.end(stage.publishers[-1])


@case("five-reconnects", "it comes back five times, two seconds each", breaks=(3, 5))
def five_reconnects(stage):
    clip = stage.clips["plain"]
    for _ in range(5):
        stage.play(clip.until(2000)).close()
    stage.show(clip.until(6000), fine=0)


@case("close", "it closes without a word in the end")
def close(stage):
    stage.play(stage.clips["plain"].until(9000), fine=3000).close()


@case("reset", "it resets the connection in the end", picture=False, sound=False)
def reset(stage):
    publisher = stage.play(stage.clips["plain"].until(9000), fine=3000)
    publisher.socket.setsockopt(rtmp.socket.SOL_SOCKET, rtmp.socket.SO_LINGER, struct.pack("ii", 1, 0))
    publisher.close()


@case("fcunpublish-only", "it says FCUnpublish only, and stays", told="Unpublish.Success")
def fcunpublish_only(stage):
    publisher = stage.play(stage.clips["plain"].until(8000), fine=3000)
    publisher.command("FCUnpublish", 6.0, None, STREAM_KEY)
    publisher.hear(b"Unpublish.Success", 5)
    assert publisher.is_closed(10), "its connection stays open"


@case("delete-and-publish-again", "it deletes its stream and publishes again on the connection; it has to connect anew",
      breaks=(1, 1), told="Unpublish.Success")
def delete_and_publish_again(stage):
    clip = stage.clips["plain"]
    publisher = stage.play(clip.until(5000))
    publisher.command("deleteStream", 7.0, None, 1.0)
    publisher.command("createStream", 8.0, None)
    publisher.command("publish", 9.0, None, STREAM_KEY, "live")
    publisher.hear(b"never said", 6)
    publisher.close()
    stage.show(clip.between(5000, 12_000), fine=0)


@case("second-publish", "it publishes a second time in mid-stream", told="second publish on one connection",
      picture=False, sound=False)
def second_publish(stage):
    publisher = stage.play(stage.clips["plain"].until(7000), fine=3000)
    publisher.command("publish", 9.0, None, STREAM_KEY, "live")
    publisher.hear(b"second publish", 5)


# Times


def leap(name, does, by, **settings):
    @case(name, does, **settings)
    def act(stage):
        stage.show(moved(stage.clips["plain"].until(14_000), by), fine=5000)


leap("jump-forward-1s", "times leap by 1 s", 1000, breaks=(0, 1))
leap("jump-forward-4s", "times leap by 4 s", 4000, breaks=(0, 1))
leap("jump-forward-10s", "times leap by 10 s", 10_000, breaks=(1, 1))
leap("jump-forward-1h", "times leap by an hour", 3_600_000, breaks=(1, 1))
leap("jump-back-1s", "times leap back by 1 s", -1000, breaks=(0, 1), ordered=False)
leap("jump-back-1h", "times leap back by an hour, below 0", -3_600_000, breaks=(1, 1))


@case("video-alone-jumps", "the picture's times leap by 3 s, the sound's do not", breaks=(0, 2), offset=False)
def video_alone_jumps(stage):
    sent = stage.clips["plain"].until(14_000)
    stage.show(each(sent, lambda tag: replace(tag, timestamp=tag.timestamp + 3000)
                    if tag.kind == VIDEO and tag.at >= 5000 else tag), fine=5000)


@case("jump-to-0", "times begin at an hour and leap to 0", breaks=(1, 1))
def jump_to_0(stage):
    sent = stage.clips["plain"].until(14_000)
    stage.show(moved(moved(sent, 3_600_000, 0), -3_605_000), fine=5000)


@case("restart", "the encoder starts again at 0 in the same connection, headers and all", breaks=(1, 1))
def restart(stage):
    clip = stage.clips["plain"]
    stage.show(clip.until(5000) + later(clip.until(8000), 5000), fine=5000)


@case("equal-times", "three pictures in a row have one time", offset=False)
def equal_times(stage):
    sent = stage.clips["plain"].until(10_000)
    stage.show(each(sent, lambda tag: replace(tag, timestamp=tag.timestamp // 100 * 100)), fine=3000)


def base(name, does, begin, form=0, modulus=1 << 32):
    @case(name, does)
    def act(stage):
        sent = [replace(tag, timestamp=(tag.timestamp + begin) % modulus) for tag in stage.clips["plain"].until(12_000)]
        stage.show(sent, fine=5000, form=form, chunk_size=128)


base("cross-24-bit", "times cross 0xFFFFFF, in full headers", 0xFFFFFF - 5000)
base("cross-24-bit-steps", "times cross 0xFFFFFF, headers say steps", 0xFFFFFF - 5000, form=1)
base("cross-31-bit", "times cross 2^31", (1 << 31) - 5000)
base("wrap-31-bit", "times wrap at 2^31, as FFmpeg and OBS write them", (1 << 31) - 5000, modulus=1 << 31)
base("wrap-32-bit", "times wrap at 2^32", (1 << 32) - 5000)
base("wrap-32-bit-steps", "times wrap at 2^32, headers say steps", (1 << 32) - 5000, form=1)


@case("jitter-times", "times are off by up to 200 ms either way", offset=False, ordered=False)
def jitter_times(stage):
    chance = random.Random(1)
    stage.show(each(stage.clips["plain"].until(12_000), lambda tag: tag if is_header(tag) else replace(
        tag, timestamp=max(0, tag.timestamp + chance.randint(-200, 200)))), fine=3000)


@case("jitter-network", "tags come up to 400 ms late, in clumps")
def jitter_network(stage):
    sent = stage.clips["plain"].until(12_000)
    stage.show(each(sent, lambda tag: replace(tag, at=-(-tag.at // 400) * 400)), fine=3000)


def drift(name, does, percent, **settings):
    @case(name, does, **settings)
    def act(stage):
        sent = stage.clips["plain"].until(24_000)
        pace = (100 + percent) / 100
        stage.show([replace(tag, at=tag.at / pace) for tag in sent if tag.at < 15_000 * pace], fine=8000)


drift("drift-fast", "its clock runs 2 % fast", 2)
drift("drift-slow", "its clock runs 2 % slow", -2)
drift("drift-very-fast", "its clock runs 30 % fast: what 2 % come to after a while", 30, breaks=(0, 2))
drift("drift-very-slow", "its clock runs 20 % slow", -20, breaks=(0, 1))


@case("tracks-apart", "the sound's clock is 2 s ahead of the picture's, in what is sent too")
def tracks_apart(stage):
    sent = stage.clips["plain"].until(12_000)
    stage.show(sorted(each(sent, lambda tag: replace(tag, at=tag.at + 900) if tag.kind == AUDIO else tag),
                      key=lambda tag: tag.at), fine=3000)


# Headers


@case("headers-repeated", "the sequence headers come again with every key frame")
def headers_repeated(stage):
    clip = stage.clips["plain"]
    sent = []
    for tag in clip.until(10_000):
        if is_key(tag):
            sent += [replace(one, at=tag.at, timestamp=tag.timestamp) for one in clip.headers]
        sent.append(tag)
    stage.show(sent, fine=3000)


def change(name, does, to, **settings):
    @case(name, does, **settings)
    def act(stage):
        stage.show(stage.clips["plain"].until(5000) + later(stage.clips[to].between(5000, 12_000), 5000), fine=5000)


change("new-resolution", "160x90 becomes 320x180 in mid-stream", "large")
change("new-profile", "High becomes Baseline in mid-stream", "baseline")
change("new-b-frames", "B-frames begin in mid-stream", "bframes")
change("new-sample-rate", "48 kHz become 44.1 kHz in mid-stream", "cd")
change("new-channels", "stereo becomes mono in mid-stream", "mono")


@case("late-video-header", "the picture's sequence header comes 5 s late")
def late_video_header(stage):
    clip = stage.clips["plain"]
    sent = [tag for tag in clip.until(12_000) if not (tag.kind == VIDEO and is_header(tag))]
    header = next(tag for tag in clip.headers if tag.kind == VIDEO)
    sent.append(replace(header, at=4990, timestamp=4990))
    stage.show(sorted(sent, key=lambda tag: tag.at), fine=5000)


@case("no-video-header", "the picture's sequence header never comes", refused=True)
def no_video_header(stage):
    sent = [tag for tag in stage.clips["plain"].until(10_000) if not (tag.kind == VIDEO and is_header(tag))]
    stage.play(sent, whole=False)


@case("broken-headers", "sequence headers of noise in mid-stream")
def broken_headers(stage):
    chance = random.Random(2)
    sent = list(stage.clips["plain"].until(12_000))
    for at in range(3000, 6000, 500):
        sent.append(Tag(at, VIDEO, at, b"\x17\0\0\0\0" + chance.randbytes(40)))
        sent.append(Tag(at, VIDEO, at, b"\x17\0\0\0\0\1"))
        sent.append(Tag(at, AUDIO, at, b"\xaf\0" + chance.randbytes(1)))
    stage.show(sorted(sent, key=lambda tag: tag.at), fine=6500)


# Media that is not there


def without(name, does, kind, begin, end, seconds=12, **settings):
    @case(name, does, **settings)
    def act(stage):
        stage.show([tag for tag in stage.clips["plain"].until(seconds * 1000) if tag.kind != kind or is_header(tag)
                    or not begin <= tag.at < end], fine=min(end, 5000) if end < 99_000 else 3000)


without("no-audio-frames", "sound is announced and never comes: silence", AUDIO, 0, 99_000, sound=False, offset=False)
without("audio-5s-late", "sound begins after 5 s: silence before", AUDIO, 0, 5000)
without("audio-pause", "sound stops for 4 s", AUDIO, 4000, 8000)
without("audio-ends", "sound ends in mid-stream: silence", AUDIO, 5000, 99_000, sound=False, offset=False)
without("video-5s-late", "the picture begins after 5 s", VIDEO, 0, 5000)
without("video-pause-3s", "the picture stops for 3 s", VIDEO, 4000, 7000, breaks=(0, 1))
without("video-pause-8s", "the picture stops for 8 s", VIDEO, 4000, 12_000, 19, breaks=(1, 1))


@case("no-audio", "no sound is announced at all: silence", sound=False, offset=False)
def no_audio(stage):
    stage.show([tag for tag in stage.clips["plain"].until(10_000) if tag.kind != AUDIO], fine=3000)


@case("no-video", "no picture at all; the encoder is told within 20 s", refused=True,
      told="the input brought none|sends no video")
def no_video(stage):
    publisher = stage.play([tag for tag in stage.clips["plain"].until(20_000) if tag.kind != VIDEO], whole=False)
    publisher.hear(b"no video", 3)


@case("long-gop", "no key frame for 34 s")
def long_gop(stage):
    stage.show(stage.clips["long-gop"].until(34_000), fine=3000)


@case("pause-3s", "nothing comes for 3 s, then it goes on in time", breaks=(0, 1))
def pause_3s(stage):
    stage.show([tag for tag in stage.clips["plain"].until(13_000) if not 4000 <= tag.at < 7000], fine=7000)


@case("stall-3s", "nothing comes for 3 s, then all of it at once", breaks=(0, 1))
def stall_3s(stage):
    stage.show(each(stage.clips["plain"].until(13_000),
                    lambda tag: replace(tag, at=7000) if 4000 <= tag.at < 7000 else tag), fine=7000)


def composition(name, does, by):
    @case(name, does)
    def act(stage):
        def change(tag):
            if tag.kind != VIDEO or is_header(tag):
                return tag
            offset = int.from_bytes(tag.body[2:5], "big", signed=True) + by
            body = tag.body[:2] + offset.to_bytes(3, "big", signed=True) + tag.body[5:]
            return replace(tag, timestamp=tag.timestamp - by, body=body)

        sent = moved(stage.clips["bframes"].until(10_000), 20_000, 0)
        stage.show(each(sent, change), fine=3000)


composition("b-frames", "three B-frames", 0)
composition("b-frames-large-offsets", "composition offsets of seconds, decode times as much earlier", 3000)
composition("b-frames-negative-offsets", "composition offsets below 0", -300)


@case("absurd-offsets", "some pictures are to be shown two hours later", unreadable=0.2, ordered=False)
def absurd_offsets(stage):
    def change(tag):
        if tag.kind != VIDEO or tag.frame is None or tag.frame % 20 != 7:
            return tag
        offset = b"\x7f\xff\xff" if tag.frame % 40 == 7 else b"\x80\0\0"
        return replace(tag, body=tag.body[:2] + offset + tag.body[5:])

    stage.show(each(stage.clips["plain"].until(10_000), change), fine=3000)
