"""Proof that what comes out is right, by tools that are not ours: OpenSSL, two versions of FFmpeg, Shaka Packager.

Each `check_...` fails with what is wrong, or gives a line of figures.
"""

from fractions import Fraction

import verify_dash
import verify_hls
from media_tools import (LOCAL, PACKAGER, first_picture, lines, packets, pictures, run, samples, stream_facts,
                         track_encryption)
from sluice import read_strips

AAC_FRAME = 1024


def check_pictures(capture, variant, width):
    """Every rung decodes without an error line, by two decoders; the burned-in numbers rise by one to the last."""
    playlist = capture.local_playlist("hls-ts", variant)
    numbers, errors = read_strips(playlist, width, options=LOCAL)
    assert not errors, f"{variant}: {errors[:5]}"
    assert None not in numbers, f"{variant}: {numbers.count(None)} numbers are unreadable"
    faults = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
    assert not faults, f"{variant}: missing or repeated frames (before, after): {faults[:9]}"
    stream = capture.transport_stream(variant)
    seen, errors = pictures(stream)
    assert not errors, f"{variant}: {errors[:5]}"
    clear, errors = pictures(capture.clear(variant))
    assert not errors, f"clear {variant}: {errors[:5]}"
    assert seen == clear, f"{variant}: {len(seen)} pictures of hls-ts are not the {len(clear)} of the clear rendition"
    assert len(numbers) == len(seen), f"{variant}: FFmpeg's own decryption gives {len(numbers)}, OpenSSL's {len(seen)}"
    segments = capture.playlists["clear", variant].segments
    starts = [first_picture(capture.fetch(one.url).read_bytes()) for one in segments]
    assert set(starts) == {5}, f"{variant}: not every segment starts with an IDR picture: {starts}"
    return (f"{variant}: {len(playlist_keys(capture, variant))} keys, {len(numbers)} frames, "
            f"numbers {numbers[0]}..{numbers[-1]}, 0 missing, 0 repeated, 0 error lines, pictures as in clear, "
            f"{len(starts)} segments begin with an IDR picture")


def playlist_keys(capture, variant, endpoint="hls-ts"):
    return {segment.kid for segment in capture.playlists[endpoint, variant].segments}


def check_transport_stream(capture, variant, rate):
    """Packets, continuity counters and clocks of a rung: steps of one frame, over the changes too."""
    path = capture.transport_stream(variant)
    data = path.read_bytes()
    counters = {}
    for at in range(0, len(data), 188):
        assert data[at] == 0x47, f"no sync byte at {at}"
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        if pid == 0x1FFF or not data[at + 3] & 0x10:
            continue
        counter = data[at + 3] & 0x0F
        # The counter may stand still for a repeated packet only.
        assert counters.get(pid, counter - 1 & 15) == counter - 1 & 15, f"{variant}: PID {pid} at packet {at // 188}"
        counters[pid] = counter
    quiet = run("ffmpeg", "-v", "warning", "-nostdin", "-i", path, "-map", "0", "-c", "copy", "-f", "null", "-")
    assert not lines(quiet.stderr), f"{variant}: {lines(quiet.stderr)[:5]}"
    video, base = packets(path, "v")
    step = 1 / base / rate
    assert all(b[1] - a[1] == step for a, b in zip(video, video[1:])), f"{variant}: the video's dts leap"
    shown = sorted(pts for pts, _ in video)
    assert all(b - a == step for a, b in zip(shown, shown[1:])), f"{variant}: the video's pts leap"
    listed = sum(Fraction(str(one.duration)) for one in capture.playlists["hls-ts", variant].segments)
    drift = listed - len(video) * step * base
    assert abs(drift) < 0.001, f"{variant}: EXTINF says {float(drift)} s more than the video lasts"
    audio, base = packets(path, "a")
    frame = AAC_FRAME / (48000 * base)
    worst = max(abs(b[0] - a[0] - frame) for a, b in zip(audio, audio[1:]))
    assert worst <= 1, f"{variant}: the audio leaps by {float(worst * base * 1000):.3f} ms"
    coded = samples(path, after=["-map", "-0:0", "-map", "0:a", "-bsf:a", "aac_adtstoasc"])
    name = capture.renditions["clear"][0].name
    clear = samples(capture.clear(name))
    assert [one[2:] for one in coded] == [one[2:] for one in clear], f"{variant}: the audio is not the clear one's"
    return (f"{variant}: {float(listed):.3f} s listed, {len(data) // 188} packets of {len(counters)} PIDs, counters "
            f"whole; {len(video)} video steps of {float(step)} ticks, {len(audio)} AAC frames as in clear, gap or "
            f"overlap at most {float(worst)} ticks")


def key_runs(capture, endpoint):
    """(track, kind, KID, header, numbers, segment URLs) of each key period of each track of a CMAF endpoint."""
    if endpoint == "dash":
        return [(one.name, one.kind, one.kid, one.init, [part[0] for part in one.segments],
                 [part[1] for part in one.segments]) for one in capture.dash]
    runs = []
    for kind, group in (("video", capture.variants[endpoint]), ("audio", capture.renditions[endpoint])):
        for variant in group:
            for segment in capture.playlists[endpoint, variant.name].segments:
                if not runs or (runs[-1][0], runs[-1][3]) != (variant.name, segment.map):
                    runs.append((variant.name, kind, segment.kid, segment.map, [], []))
                assert segment.kid == runs[-1][2], f"two keys under {segment.map}"
                runs[-1][4].append(segment.number)
                runs[-1][5].append(segment.url)
    return runs


def check_decryption(capture, endpoint, scheme):
    """That each key period of each track decrypts, by FFmpeg 8 and by Shaka Packager, to exactly the clear samples
    with their times; and that none of them is the clear one before."""
    runs = key_runs(capture, endpoint)
    total, kids = 0, set()
    for track, kind, kid, header, numbers, urls in runs:
        name = f"{endpoint}-{track}-{numbers[0]}"
        assert track_encryption(capture.fetch(header).read_bytes()) == (scheme, kid), f"{name}: tenc of {header}"
        protected = capture.join(f"{name}.mp4", [header, *urls])
        clear = samples(capture.clear(track, tuple(numbers)))
        key = capture.key(kid)
        locked = samples(protected)
        assert [one[:3] for one in locked] == [one[:3] for one in clear], f"{name}: other times or sizes"
        open_ones = [one for one, two in zip(locked, clear) if one[3] == two[3] and one[2] >= 200]
        assert not open_ones, f"{name}: {len(open_ones)} of {len(clear)} samples are in the clear"
        assert samples(protected, options=["-decryption_key", key]) == clear, f"{name}: not the clear samples (FFmpeg)"
        output = capture.directory / f"{name}-packager.mp4"
        made = run(PACKAGER, f"in={protected},stream={kind},output={output}", "--enable_raw_key_decryption", "--keys",
                   f"label=:key_id={kid}:key={key}")
        assert made.returncode == 0, f"{name}: {made.stderr[-500:]}"
        assert samples(output) == clear, f"{name}: not the clear samples (Shaka Packager)"
        total += len(clear)
        kids.add(kid)
    wrong = samples(protected, options=["-decryption_key", "00" * 16])
    assert wrong != clear, "a wrong key opens it too"
    names = {one[0] for one in runs}
    return (f"{endpoint} {scheme}: {len(runs)} key periods of {len(names)} tracks, {len(kids)} keys, "
            f"{total} samples as in clear by FFmpeg 8 and by Shaka Packager")


def peak_rate(capture, playlist):
    """The peak segment bit rate: of any run of segments that lasts 0.5 to 1.5 target durations. RFC 8216, 4.1."""
    sizes = [(len(capture.fetch(one.url).read_bytes()) * 8, one.duration) for one in playlist.segments]
    peak = 0.0
    for start in range(len(sizes)):
        bits, duration = 0, 0.0
        for more, longer in sizes[start:]:
            bits, duration = bits + more, duration + longer
            if duration > 1.5 * playlist.target:
                break
            if duration >= 0.5 * playlist.target:
                peak = max(peak, bits / duration)
    return peak, sum(size for size, _ in sizes) / sum(duration for _, duration in sizes)


def check_multivariant(capture, watch=None):
    """BANDWIDTH against the real segments, CODECS, RESOLUTION and FRAME-RATE against what FFprobe sees."""
    figures = []
    for endpoint, variants in capture.variants.items():
        group = [peak_rate(capture, capture.playlists[endpoint, one.name]) for one in capture.renditions[endpoint]]
        audio = stream_facts(capture.clear(capture.renditions["clear"][0].name), "a")
        for variant in variants:
            said = variant.attributes
            peak, average = (sum(both) for both in zip(
                peak_rate(capture, capture.playlists[endpoint, variant.name]),
                *([(max(one[0] for one in group), max(one[1] for one in group))] if group else [])))
            bandwidth = int(said["BANDWIDTH"])
            where = f"{endpoint} {variant.name}"
            assert bandwidth >= peak, f"{where}: BANDWIDTH {bandwidth} below the measured peak {peak:.0f}"
            assert bandwidth <= 2 * peak, f"{where}: BANDWIDTH {bandwidth} far above the measured peak {peak:.0f}"
            assert int(said["AVERAGE-BANDWIDTH"]) >= 0.97 * average, f"{where}: AVERAGE-BANDWIDTH below {average:.0f}"
            assert int(said["AVERAGE-BANDWIDTH"]) <= bandwidth
            path = capture.transport_stream(variant.name) if endpoint == "hls-ts" else capture.clear(variant.name)
            facts = stream_facts(path, "v")
            assert said["CODECS"].split(",") == [facts["codec"], audio["codec"]], f"{where}: {said['CODECS']}, {facts}"
            assert said["RESOLUTION"] == f"{facts['width']}x{facts['height']}", f"{where}: {facts}"
            assert abs(float(said["FRAME-RATE"]) - Fraction(facts["r_frame_rate"])) < 0.0005, f"{where}: {facts}"
            for rendition in capture.renditions[endpoint]:
                assert rendition.attributes["CHANNELS"] == audio["channels"]
            early = watch.announced.get((endpoint, variant.name), bandwidth) if watch else bandwidth
            figures.append(f"{where} {bandwidth} >= {peak:.0f} (at least {early / peak - 1:+.1%} at any time)")
    return "; ".join(figures)


def check_hls(capture, watch, segment_seconds, rotation):
    """The rules of playlists: in themselves, between renditions, and from reading to reading."""
    assert not watch.faults, f"{len(watch.faults)} faults: {watch.faults[:3]}"
    for url, body in watch.bytes.items():
        if url in capture.files:
            assert capture.files[url].read_bytes() == body, f"{url} has other bytes than before"
    counts = []
    for endpoint, variants in capture.variants.items():
        group = [capture.playlists[endpoint, one.name] for one in variants + capture.renditions[endpoint]]
        for playlist in group:
            verify_hls.check_rules(playlist)
        verify_hls.check_alignment(group, 1024 / 48000 + 0.001)
        breaks = sum(one.discontinuity for one in group[0].segments) + group[0].discontinuities
        assert breaks == 0, f"{endpoint}: {breaks} discontinuities in one publication"
        keys = 0
        if endpoint != "clear":
            keys = [verify_hls.check_periods(one, segment_seconds, rotation) for one in group][0]
        counts.append(f"{endpoint} {len(group)} playlists of {len(group[0].segments)} segments, {keys} keys")
    numbers = {tuple(playlist.numbers) for playlist in capture.playlists.values()}
    assert len(numbers) == 1, "the endpoints list other numbers"
    return (f"{'; '.join(counts)}; {watch.readings} live readings without a fault, {len(watch.bytes)} files the same "
            "twice")


def check_dash(capture, segment_seconds, rotation):
    """The rules of the MPD; the same numbers as in HLS; the announced rate is one that the real segments keep."""
    count = verify_dash.check_rules(capture.mpd, capture.dash, segment_seconds, rotation)
    verify_dash.check_clock(capture.mpd_url, capture.mpd)
    rates = []
    for name in dict.fromkeys(track.name for track in capture.dash):
        own = [track for track in capture.dash if track.name == name]
        numbers = [segment[0] for track in own for segment in track.segments]
        assert numbers == capture.playlists["clear", name].numbers, f"{name}: other numbers than HLS"
        assert len({track.bandwidth for track in own}) == 1
        size = sum(len(capture.fetch(one[1]).read_bytes()) for track in own for one in track.segments) * 8
        average = size / sum(Fraction(one[3], track.timescale) for track in own for one in track.segments)
        said = own[0].bandwidth
        assert said >= average, f"{name}: bandwidth {said} below the average {float(average):.0f}"
        facts = stream_facts(capture.clear(name), own[0].kind[0])
        assert own[0].attributes["codecs"] == facts["codec"]
        rates.append(f"{name} {said} >= {float(average):.0f}")
    return f"{count} Periods, contiguous, one KID each; average rates {', '.join(rates)}"
