"""Which player plays what: each for some minutes of a live channel, with a key every so often, an encoder that starts
again in the middle and a rung that a reload adds later."""

import re
import signal
import threading
import time

import verify_hls
from chromium import LEAST_SPEED, Browser, processor_times
from native_players import PLAYERS as NATIVE
from players import WIDEVINE, is_there
from sluice import Sluice, profile

RATE = 30
SEGMENT = 2
HIGH = ("high", 320, 180, 400000)
LOW = ("low", 160, 90, 150000)

# Content: (its name in the table, endpoint, manifest).
CONTENTS = {
    "cmaf": ("HLS CMAF, clear", "clear", "index.m3u8"),
    "ts": ("HLS TS, clear", "ts", "index.m3u8"),
    "aes": ("HLS TS, AES-128", "hls-ts", "index.m3u8"),
    "sample": ("HLS TS, SAMPLE-AES", "hls-sample", "index.m3u8"),
    "cbcs": ("HLS CMAF, cbcs", "hls", "index.m3u8"),
    "dash": ("DASH, clear", "dash-clear", "index.mpd"),
    "dash-number": ("DASH, clear, numbers", "dash-number", "index.mpd"),
    "dash-cenc": ("DASH, cenc", "dash", "index.mpd"),
    "dash-cbcs": ("DASH, cbcs", "dash-cbcs", "index.mpd"),
}
PROTECTED = ("aes", "sample", "cbcs", "dash-cenc", "dash-cbcs")

NO_DASH, NO_HLS = "no DASH in it", "no HLS in it"
NO_KEYS = "no player of ClearKey; it takes one fixed key at most"
# What is not tried, and why not.
CANNOT = {
    **{(player, content): NO_DASH for player in ("hls.js", "Chromium")
       for content in ("dash", "dash-number", "dash-cenc", "dash-cbcs")},
    ("dash.js", "cmaf"): NO_HLS, ("dash.js", "ts"): NO_HLS, ("dash.js", "aes"): NO_HLS, ("dash.js", "sample"): NO_HLS,
    ("dash.js", "cbcs"): NO_HLS,
    ("Chromium", "cbcs"): "its own HLS player asks for no licences",
    **{(player, content): NO_KEYS for player in NATIVE for content in ("cbcs", "dash-cenc", "dash-cbcs")},
}
# What is known of the cause.
ONE_PERIOD = "it knows one Period at a time, does not wait at the live edge, and takes the same segments again"
NO_START = "it reckons numbers from availabilityStartTime without Period@start, and takes the same segments again"
NO_SAMPLE_AES = "no SAMPLE-AES in it"
KNOWN = {
    ("GStreamer", "dash"): "it adds Period@start to the media time twice where both count from 1970, and seeks beyond the "
                           "end; not so with numbers",
    ("Shaka Player", "sample"): "its code for encrypted transport streams that it has no decryption for",
    ("FFmpeg", "dash"): ONE_PERIOD, ("mpv", "dash"): ONE_PERIOD,
    ("FFmpeg", "dash-number"): NO_START, ("mpv", "dash-number"): NO_START,
    ("VLC", "cmaf"): "where the encoder starts again it opens the segments anew without their EXT-X-MAP: \"no moov before "
                     "mdat\"; not so in transport streams",
    ("VLC", "dash"): "where a Period begins after a hole; not so with numbers",
    ("VLC", "sample"): NO_SAMPLE_AES, ("Chromium", "sample"): NO_SAMPLE_AES, ("GStreamer", "sample"): NO_SAMPLE_AES,
}
BROWSER = ("hls.js", "Shaka Player", "dash.js", "Chromium")


def settings(key_url, rotation, seconds, rungs):
    text = profile(key_url, rotation=rotation, segment=SEGMENT, rungs=rungs, window=60)
    text = re.sub(r"storageWindowSeconds: \d+", f"storageWindowSeconds: {seconds + 120}", text)
    # All that was ever listed, to find what was never there.
    text = text.replace("id: clear, package: hls, container: cmaf, playlistWindowSeconds: 60",
                        f"id: clear, package: hls, container: cmaf, playlistWindowSeconds: {seconds + 60}")
    ts, hls, dash, end = (text.index(where) for where in (
        "  - id: hls-ts\n", "  - id: hls\n", "  - id: dash\n", "speke:\n  main"))

    def clear(part):
        return re.sub(r" *encryption: .*\n", "", part)

    more = (
        clear(text[ts:hls]).replace("id: hls-ts", "id: ts"),
        text[ts:hls].replace("id: hls-ts", "id: hls-sample").replace("AES-128", "SAMPLE-AES"),
        text[hls:dash].replace("id: hls", "id: hls-widevine").replace("[clearkey]", "[widevine]"),
        clear(text[dash:end]).replace("id: dash", "id: dash-clear").replace("periodTriggers: [keyRotation]", ""),
        clear(text[dash:end]).replace("id: dash", "id: dash-number").replace("periodTriggers: [keyRotation]", "").replace(
            "segmentTemplate: timeline", "segmentTemplate: number"),
        text[dash:end].replace("id: dash", "id: dash-cbcs").replace("scheme: cenc", "scheme: cbcs"),
    )
    return text[:end] + "".join(line for line in more) + text[end:]


class Stage:
    """The channel, and what happens to it: at `restart` seconds another encoder, at `rung` a reload with one rung more.
    An encoder that is sent away comes back."""

    def __init__(self, directory, options):
        self.options = options
        self.seconds = options.seconds
        self.sluice = Sluice(directory, lambda url: settings(url, options.rotation, self.seconds, (HIGH,)))
        self.events, self.ended = [], threading.Event()
        self.encoder = self.sluice.push(rate=RATE)
        self.sluice.wait_for_segments(8, 120)
        self.since = time.monotonic()
        self.natives = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        todo = [(self.seconds * 0.4, self._restart), (self.seconds * 0.7, self._add)]
        looks = 0
        while not self.ended.wait(0.25):
            passed = time.monotonic() - self.since
            while todo and passed >= todo[0][0]:
                # Within a segment, so that none is missing as a whole: what players make of EXT-X-GAP is their luck.
                self.ended.wait((0.8 - time.time()) % SEGMENT)
                todo.pop(0)[1]()
            if self.encoder.child.poll() is not None:
                self.events.append((time.monotonic() - self.since, "the encoder comes"))
                self.encoder = self.sluice.push(rate=RATE)
            looks += 1
            for one in self.natives if looks % 4 == 0 else ():
                one.step()

    def _restart(self):
        self.events.append((time.monotonic() - self.since, "the encoder goes"))
        self.encoder.stop(signal.SIGKILL)

    def _add(self):
        self.events.append((time.monotonic() - self.since, "the profile has a rung more"))
        url = f"http://127.0.0.1:{self.sluice.key_port}"
        (self.sluice.profiles / "live.yaml").write_text(
            settings(url, self.options.rotation, self.seconds, (HIGH, LOW)))
        self.sluice.daemon.child.send_signal(signal.SIGHUP)

    def holes(self):
        """[(start, seconds)] of what no segment has, on the wall clock, and the number of discontinuities and rungs."""
        variants, _ = verify_hls.multivariant(self.sluice.url("clear"))
        high = next(one for one in variants if one.name == "high")
        playlist = verify_hls.media_playlist(high.url)
        found, time_now = [], None
        for segment in playlist.segments:
            if segment.time is not None:
                if time_now is not None and segment.time > time_now + 0.1:
                    found.append((time_now, segment.time - time_now))
                time_now = segment.time
            if segment.gap and time_now is not None:
                found.append((time_now, segment.duration))
            if time_now is not None:
                time_now += segment.duration
        breaks = sum(segment.discontinuity for segment in playlist.segments) + playlist.discontinuities
        return found, breaks, len(variants)

    def close(self):
        self.ended.set()
        self.thread.join(20)
        self.sluice.close()


def run(cases, directory, options, say):
    """{(player, content): row} of cases that play at the same time."""
    stage = Stage(directory, options)
    browser, rows = None, {}
    try:
        pages = {}
        for player, content in cases:
            _, endpoint, file = CONTENTS[content]
            name = f"{player} {content}"
            if player in NATIVE:
                stage.natives.append(NATIVE[player](name, stage.sluice.url(endpoint, file), directory).start())
                continue
            own = {"Chromium": "native"}.get(player, player)
            if player == "Shaka Player" and content == "cbcs":
                # It knows no ClearKey in HLS.
                own, endpoint = WIDEVINE, "hls-widevine"
            licence = f"http://127.0.0.1:{stage.sluice.key_port}/clearkey" if content in PROTECTED else None
            pages[name] = (own, stage.sluice.url(endpoint, file), licence)
        stage.since = time.monotonic()
        stage.thread.start()
        began, before = time.time(), processor_times()
        if pages:
            browser = Browser(directory)
            played = browser.play(options.seconds, pages, pictures=False)
        else:
            played = {}
        # Browsers stop when all have played long enough, or have ended.
        stage.ended.wait(max(options.seconds - (time.monotonic() - stage.since), 0))
        for one in stage.natives:
            one.stop()
        idle, total = (after - earlier for after, earlier in zip(processor_times(), before))
        holes, breaks, rungs = stage.holes()
        lost = sum(length for start, length in holes if start > began - 30)
        for text in stage.events:
            say(f"  {text[0]:6.1f} s: {text[1]}")
        say(f"  the machine was idle for {idle / max(total, 1):.0%}")
        say(f"  holes {[round(length, 2) for _, length in holes]} s, {breaks} discontinuities, {rungs} rungs at the end")
        for player, content in cases:
            name = f"{player} {content}"
            if player in NATIVE:
                row = judge_native(next(one for one in stage.natives if one.name == name), lost)
            else:
                row = judge_page(played[name], lost)
            rows[player, content] = row = row | {"idle": idle / max(total, 1), "minutes": options.minutes}
            row["verdict"] = verdict(row)
            say(f"  {name}: {row['verdict']} {row['figures']}")
    finally:
        if browser:
            browser.close()
        for one in stage.natives:
            one.stop()
        stage.close()
    return rows


def verdict(row):
    """What is against that it plays; "plays" where nothing is."""
    figures, found = row["figures"], list(row["complaints"])
    if figures:
        if figures["stall"] > LONGEST_STALL + figures["burst"]:
            found.append(f"stood still for {figures['stall']:g} s")
        if figures["seconds"] < LEAST_SECONDS * row["minutes"] * 60:
            found.append(f"ran for {figures['seconds']} s of {row['minutes'] * 60:g}")
        if figures["stalls"] > MOST_STALLS:
            found.append(f"stood still {figures['stalls']} times")
        if figures["pictures"] < (LEAST if row["idle"] >= IDLE else LEAST_WHEN_BUSY) * figures["of"]:
            found.append(f"{figures['pictures']} pictures of {figures['of']}")
        elif figures["pictures"] > MOST * figures["of"]:
            found.append(f"{figures['pictures']} pictures, where there were {figures['of']}")
    return "; ".join(found) or "plays"


# Seconds; a hole in the stream may be waited for, as often as there is one.
LONGEST_STALL = 4.0
MOST_STALLS = 4
# Of the pictures that there were; where others had the processor (less than IDLE of it was left), fewer.
LEAST, LEAST_WHEN_BUSY, IDLE = 0.95, 0.8, 0.1
# Of the time that it was given, its start-up among it.
LEAST_SECONDS = 0.7
# What is shown twice counts twice.
MOST = 1.25


def judge_page(playback, lost):
    report, begin = playback.report, playback.begin()
    complaints = [*report["errors"], *playback.failures, *(line for line in playback.console if "error" in line)]
    complaints = [shorten(text) for text in dict.fromkeys(complaints)]
    if begin is None:
        return {"complaints": [*complaints[:3], "never ran for a second"], "figures": {}, "version": report["version"]}
    samples = report["samples"][begin:]
    (wall, media, frames, dropped), last = samples[0], samples[-1]
    ran, played, decoded = last[0] - wall, last[1] - media, last[2] - frames
    # A player may leap over a hole, or close it.
    expected = max((played - lost) * RATE, 1)
    # What the page itself slept through is none: the element goes on.
    stalls = [round(length, 2) for length in playback.stalls(samples) if length > 0.5]
    keys = {id for id, status in report["keyStatuses"].items() if status == "usable"} | playback.key_urls
    figures = {
        "seconds": round(ran), "pictures": decoded, "of": round(expected), "dropped": last[3] - dropped,
        "stall": max([0.0, *stalls]), "stalls": len(stalls), "burst": 0, "keys": len(keys)}
    if played < LEAST_SPEED * ran - lost:
        complaints.insert(0, f"played {played:.0f} s in {ran:.0f} s")
    return {"complaints": complaints[:4], "figures": figures, "version": report["version"]}


def judge_native(player, lost):
    notes = [shorten(text) for text in dict.fromkeys(player.errors())][:3]
    samples = [one for one in player.samples if one[1] > 0]
    if len(samples) < 5:
        return {"complaints": [*notes, "never played"], "figures": {}, "version": player.version()}
    # After the start-up.
    samples = samples[3:]
    ran, decoded = samples[-1][0] - samples[0][0], samples[-1][1] - samples[0][1]
    longest, since = 0.0, samples[0]
    for sample in samples:
        if sample[1] > since[1]:
            since = sample
        longest = max(longest, sample[0] - since[0])
    expected = max((ran - lost) * RATE, 1)
    figures = {
        "seconds": round(ran), "pictures": decoded, "of": round(expected), "dropped": max(samples[-1][2] - samples[0][2], 0),
        "stall": round(longest, 1), "stalls": 0, "burst": 1, "warnings": len(player.errors())}
    # FFmpeg takes a segment at a time, and stops within one; the others are asked once a second.
    if isinstance(player, NATIVE["FFmpeg"]):
        figures["burst"] = SEGMENT * 2
        figures["of"] -= SEGMENT * 2 * RATE
    return {"complaints": ["ended by itself", *notes] if player.ended_early() else [], "figures": figures,
            "version": player.version()}


def shorten(text):
    return re.sub(r"https?://[^/\s]+", "", str(text)).replace("|", "/").replace("\n", " ")[:160]


def cases(only):
    """Those to play: [(player, content)]."""
    players = [*BROWSER, *NATIVE]
    found = [(player, content) for player in players for content in CONTENTS if (player, content) not in CANNOT]
    return [one for one in found if not only or any(text in f"{one[0]} {one[1]}" for text in only)]


def groups(todo, size):
    """Those that play at the same time: of each kind of player a few. FFmpeg's demultiplexer of DASH, which mpv has too,
    takes all the processor that it gets: those come last, together."""
    count = max(-(-len(todo) // size), 1)
    last = [one for one in todo if one[0] in ("FFmpeg", "mpv") and one[1] in ("dash", "dash-number")]
    rest = [one for one in todo if one not in last]
    found = [rest[start::count] for start in range(count)] + [last]
    return [group for group in found if group]


def missing():
    return ([player for player in BROWSER if player != "Chromium" and not is_there(player)]
            + [player for player, what in NATIVE.items() if not what.is_there()])
