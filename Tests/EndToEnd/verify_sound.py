"""The sound that comes out: a tone without a leap, and clicks as far from the flashes as in the input."""

import array
import cmath
import functools
import json
import math
import re
import statistics
from fractions import Fraction

from capture import TONE
from media_tools import FFMPEG8, packets, run


def tone_phases(path):
    """The phase of the right channel's tone in each 25 ms, in degrees: constant as long as no sample is lost."""
    found = run(FFMPEG8, "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-af", "pan=mono|c0=c1,aresample=8000",
                "-f", "f32le", "-")
    assert not found.stderr, found.stderr
    sound = array.array("f", found.stdout[:len(found.stdout) // 4 * 4])
    window = 200
    turn = [cmath.exp(-2j * math.pi * TONE * n / 8000) for n in range(window)]
    phases = []
    # The first 0.2 s hold the codec's start, the last its end; 25 ms are 11 whole turns.
    for start in range(1600, len(sound) - 1600 - window, window):
        whole = sum(value * unit for value, unit in zip(sound[start:start + window], turn))
        assert abs(whole) > 0.05 * window, f"{path}: the tone is gone at {start / 8000:.3f} s"
        phases.append(math.degrees(cmath.phase(whole)))
    return phases


def check_tone(capture, variant):
    """That the decoded tone goes on without a leap: its phase shows a single lost or repeated sample of 48000."""
    phases = tone_phases(capture.transport_stream(variant))

    def turn(before, after):
        return (after - before + 180) % 360 - 180

    steps = [turn(a, b) for a, b in zip(phases, phases[1:])]
    worst = max(abs(step) for step in steps)
    slip = sum(steps)
    sample = 360 * TONE / 48000
    assert worst < 3 * sample, f"{variant}: the tone leaps by {worst / sample:.1f} samples"
    return (f"{variant}: tone over {len(phases) * 0.025:.1f} s, largest step {worst / sample:.2f} samples, "
            f"slip {slip / sample:.2f} samples")


def flash_times(path):
    """When the flash box turns white: the time of presentation of the first white picture, in seconds."""
    found, base = packets(path, "v")
    # Where CMAF has composition offsets below 0, FFmpeg adds the lowest to every presentation time. The first sample
    # has an offset of 0, so that its times tell; a transport stream's are what they say.
    shift = found[0][0] - found[0][1] if path.suffix == ".mp4" else 0
    found = run("ffmpeg", "-v", "error", "-nostdin", "-copyts", "-i", path, "-map", "0:v:0", "-vf",
                "crop=iw/4:ih/4:iw*5/8:ih*5/8,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-",
                "-fps_mode", "passthrough", "-f", "null", "-")
    assert not found.stderr, found.stderr
    rows = re.findall(r"pts:(\d+)\s.*\n.*YAVG=([\d.]+)", found.stdout.decode())
    lit = [(int(pts), float(level) > 128) for pts, level in rows]
    return [(pts - shift) * base for (_, before), (pts, now) in zip(lit, lit[1:]) if now and not before]


@functools.cache
def click_times(path):
    """When the left channel's clicks begin, in seconds, exact to a quarter of a millisecond."""
    first = run("ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=time_base:frame=pts",
                "-read_intervals", "%+#1", "-of", "json", path)
    facts = json.loads(first.stdout)
    start, base = facts["frames"][0]["pts"], Fraction(facts["streams"][0]["time_base"])
    found = run("ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-af",
                "pan=mono|c0=c0,aresample=8000", "-f", "f32le", "-")
    assert not found.stderr, found.stderr
    sound = array.array("f", found.stdout[:len(found.stdout) // 4 * 4])
    times, index = [], 0
    while index < len(sound):
        if abs(sound[index]) > 0.3:
            times.append(start * base + Fraction(index, 8000))
            index += 8000
        index += 1
    return times


def av_offset(video, audio):
    """Milliseconds that the click comes after the flash: (median, least, greatest, how many)."""
    clicks = click_times(audio)
    offsets = []
    for flash in flash_times(video):
        nearest = min((click - flash for click in clicks), key=abs)
        if abs(nearest) < 0.5:
            offsets.append(float(nearest * 1000))
    assert len(offsets) >= 3, f"{len(offsets)} flashes with a click in {video}"
    return statistics.median(offsets), min(offsets), max(offsets), len(offsets)


def check_av_offset(capture, source, variants, within=20):
    """That picture and sound are as far apart as in the encoder's own copy, to `within` milliseconds."""
    given = av_offset(source.copy, source.copy)
    audio = capture.clear(capture.renditions["clear"][0].name)
    measured = {f"hls-ts {one}": av_offset(*[capture.transport_stream(one)] * 2) for one in variants}
    measured |= {f"clear {one}": av_offset(capture.clear(one), audio) for one in variants}
    for name, found in measured.items():
        for value, reference in zip(found[:3], given[:3]):
            assert abs(value - reference) <= within, f"{name}: {value:.1f} ms, the input {reference:.1f} ms"
    return f"input {given[0]:+.1f} ms ({given[3]} flashes); " + ", ".join(
        f"{name} {found[0]:+.1f} ({found[1]:+.1f}..{found[2]:+.1f})" for name, found in measured.items())
