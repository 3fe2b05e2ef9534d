"""Encoders that do everything wrong, and what viewers of their channels must see all the same.

One daemon; each case has a channel of its own, so that several can run side by side, and there is one more channel with
an encoder that does nothing wrong. Used by test_bad_publishers.py and, whole, by Tools/verify/bad-publishers."""

import re
import subprocess
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import watching
from rtmp import AUDIO, VIDEO, Publisher, Tag, tags
from sluice import STREAM_KEY, Sluice, children, strip_filter, text_of

BYSTANDER = "bystander"
SEGMENT, RATE = 1, 30
#: Bits a second that a channel takes; some cases send more.
LIMIT = 2_000_000


@dataclass
class Case:
    """One way to publish badly, and what must be seen."""

    name: str
    does: str
    act: object
    #: What viewers see, beyond what holds for every case, in words.
    sees: str = ""
    #: How many discontinuities and gaps there may be, least and most.
    breaks: tuple = (0, 0)
    #: Seconds from the end of the trouble to the first segment with what came after it.
    back: float = 10
    #: Nothing may be listed.
    refused: bool = False
    #: What the encoder is told, as a regular expression.
    told: str = ""
    #: The picture that was sent last is shown, and the pictures before it move.
    picture: bool = True
    #: Beeps are heard to the end.
    sound: bool = True
    #: Picture and sound are compared.
    offset: bool = True
    #: The pictures' numbers never go back between breaks.
    ordered: bool = True
    #: Of the pictures, how many may be unreadable.
    unreadable: float = 0.02
    #: The rungs pass the encoder's own picture and sound on.
    copies: bool = False
    #: Every sample that is listed decodes to a picture, or to its time of sound.
    whole: bool = True
    #: The most seconds to wait for what is still on its way in the end.
    settle: float = 30
    #: Why it fails and who knows of it: reported as wrong all the same.
    known: str = ""


CASES = {}


def case(name, does, **settings):
    def add(act):
        CASES[name] = Case(name, does, act, **settings)
        return act

    return add


# Media


def is_header(tag):
    return tag.kind in (AUDIO, VIDEO) and len(tag.body) > 1 and tag.body[1] == 0


def is_key(tag):
    return tag.kind == VIDEO and tag.body[0] >> 4 == 1 and tag.body[1] == 1


def offset_of(tag):
    """The composition time offset of a picture."""
    return int.from_bytes(tag.body[2:5], "big", signed=True)


def each(sent, change):
    """Tags changed one by one; None leaves one out."""
    changed = (change(tag) for tag in sent)
    return [tag for tag in changed if tag is not None]


class Clip:
    """What an encoder would send, of an FLV file."""

    def __init__(self, path):
        found = [Tag(at, kind, at, body) for kind, at, body in tags(path)]
        pictures = sorted(tag.timestamp + offset_of(tag) for tag in found if tag.kind == VIDEO and tag.body[1] == 1)
        frames = {at: number for number, at in enumerate(pictures)}
        self.tags = [
            replace(tag, frame=frames[tag.timestamp + offset_of(tag)])
            if tag.kind == VIDEO and tag.body[1] == 1 else tag for tag in found]

    @property
    def headers(self):
        return [tag for tag in self.tags if is_header(tag)]

    def until(self, milliseconds):
        return [tag for tag in self.tags if tag.at < milliseconds]

    def between(self, begin, end):
        """A part of it with its headers, to be sent from now on, at its own times."""
        return [replace(tag, at=0, timestamp=begin) for tag in self.headers] + [
            replace(tag, at=tag.at - begin) for tag in self.tags if begin <= tag.at < end and not is_header(tag)]


def make_clip(path, seconds, size="160x90", options=("-tune", "zerolatency"), profile="high", gop=30, sound=(48000, 2)):
    """A picture with its number and a box that flashes every two seconds, and a beep with each flash."""
    width, height = (int(part) for part in size.split("x"))
    box = "drawbox=x=iw*5/8:y=ih*5/8:w=iw/4:h=ih/4:t=fill:color"
    source = (f"testsrc2=size={size}:rate={RATE},{strip_filter(width, RATE)},{box}=black,"
              f"{box}=white:enable='lt(mod(n\\,{2 * RATE})\\,6)',format=yuv420p")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, "-f", "lavfi", "-i",
         f"aevalsrc='if(lt(mod(t,2),0.2),0.6*sin(2*PI*1000*t),0)':s={sound[0]}", "-c:v", "libx264", "-preset",
         "veryfast", *options, "-profile:v", profile, "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0",
         "-b:v", "400k", "-c:a", "aac", "-b:a", "96k", "-ac", str(sound[1]), "-t", str(seconds), "-f", "flv",
         str(path)], check=True)
    return Clip(path)


class Clips:
    """The clips that cases send, each made when it is first asked for."""

    kinds = {
        "plain": {"seconds": 40},
        "bframes": {"seconds": 16, "options": ("-bf", "3")},
        "large": {"seconds": 16, "size": "320x180"},
        "baseline": {"seconds": 16, "profile": "baseline"},
        "mono": {"seconds": 16, "sound": (48000, 1)},
        "cd": {"seconds": 16, "sound": (44100, 2)},
        "long-gop": {"seconds": 36, "gop": 3000},
    }

    def __init__(self, directory):
        self.directory, self.made, self.lock = Path(directory), {}, threading.Lock()

    def __getitem__(self, name):
        with self.lock:
            if name not in self.made:
                self.made[name] = make_clip(self.directory / f"{name}.flv", **self.kinds[name])
            return self.made[name]


# One case


class Stage:
    """What a case acts with."""

    def __init__(self, theatre, name):
        self.theatre, self.channel = theatre, name
        self.sluice, self.clips = theatre.sluice, theatre.clips
        self.publishers, self.fine_at = [], []

    def connect(self, **settings):
        """A connection on which nothing was said."""
        self.publishers.append(Publisher(self.sluice.rtmp_port, **settings))
        return self.publishers[-1]

    def publisher(self, **settings):
        """A connection that may publish."""
        publisher = self.connect(**settings)
        answer = publisher.start(self.channel, STREAM_KEY)
        assert "NetStream.Publish.Start" in answer, f"it may not publish: {told(publisher.answers)!r}"
        return publisher

    def play(self, sent, publisher=None, fine=None, whole=True):
        """Sends tags; from `fine` milliseconds on there is nothing wrong with them."""
        publisher = publisher or self.publisher()
        if fine is not None:
            self.fine_at.append(time.time() + fine / 1000)
        went = publisher.play(sent)
        assert went or not whole, f"it was cut off; it was told {told(publisher.answers)!r}"
        return publisher

    def end(self, publisher):
        """Ends a publication as encoders do."""
        publisher.command("FCUnpublish", 6.0, None, STREAM_KEY)
        publisher.command("deleteStream", 7.0, None, 1.0)
        publisher.hear(b"Unpublish.Success", 5)
        publisher.close()

    def show(self, sent, fine=None, **settings):
        """All of a publication."""
        self.end(self.play(sent, self.publisher(**settings), fine))

    def fine(self):
        """From now on there is nothing wrong."""
        self.fine_at.append(time.time())


@dataclass
class Result:
    case: Case
    problems: list
    figures: str = ""

    @property
    def is_right(self):
        return not self.problems


class Theatre:
    """One daemon with a channel for each of some cases. To be used with `with`."""

    def __init__(self, directory, cases):
        self.directory, self.cases = Path(directory), list(cases)
        self.clips = Clips(directory)
        self.sluice = Sluice(
            directory, lambda _: profile(BYSTANDER), BYSTANDER,
            {one.name: (lambda _, one=one: profile(one.name, one.copies)) for one in self.cases},
            {"SLUICE_RTMP_MAXPUBLISHERS": str(len(self.cases) * 3 + 10)})
        self.stopping = threading.Event()
        self.memory = {"daemon": [], "worker": []}
        self.bystander = watching.Viewer(self.sluice, BYSTANDER)
        self.threads = [threading.Thread(target=self.play_on), threading.Thread(target=self.weigh)]

    def __enter__(self):
        self.clips["plain"]
        for thread in self.threads:
            thread.start()
        self.bystander.__enter__()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.bystander.stop()
        self.sluice.close()

    def play_on(self):
        """The encoder that does nothing wrong."""
        publisher = Publisher(self.sluice.rtmp_port)
        publisher.start(BYSTANDER, STREAM_KEY)
        clip, begin, passed = self.clips["plain"], time.monotonic(), 0
        while True:
            for tag in clip.tags:
                at = tag.at + passed
                time.sleep(max(0.0, begin + at / 1000 - time.monotonic()))
                if self.stopping.is_set() or not publisher.tag(replace(tag, at=at, timestamp=at)):
                    publisher.close()
                    return
            passed += 40_000

    def weigh(self):
        """The daemon's memory and that of its heaviest worker, in MiB."""
        while not self.stopping.wait(1):
            workers = children(self.sluice.daemon.pid)
            self.memory["daemon"].append(resident(self.sluice.daemon.pid))
            self.memory["worker"].append(max((resident(pid) for pid in workers), default=0))

    def run(self, at_once=6, report=lambda result: None):
        """Runs all cases; gives their results, and what is wrong with the rest of the house."""

        def one(case):
            result = self.play_case(case)
            report(result)
            return result

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(one, self.cases)), self.judge_house()

    def play_case(self, case):
        stage, problems = Stage(self, case.name), []
        with watching.Viewer(self.sluice, case.name) as viewer:
            try:
                case.act(stage)
            except (AssertionError, OSError) as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                problems.append(f"{error} (line {where.lineno})")
            # What is still on its way, and three seconds for what nobody has sent. The viewer looks once more after it.
            since = time.time()
            while time.time() - since < case.settle:
                if time.time() - since > 3 and self.is_over(stage, viewer.news[-1][0] if viewer.news else since):
                    break
                time.sleep(0.2)
        try:
            found, figures = judge(case, stage, viewer, self.directory)
        except (AssertionError, StopIteration, ValueError) as error:
            found, figures = [f"cannot be judged: {error!r}"], ""
        for publisher in stage.publishers:
            publisher.close()
        for line in self.sluice.daemon.log():
            if line.get("channel") == case.name and line.get("level") in ("error", "critical"):
                problems.append(f"log: {line['message']}")
        return Result(case, problems + found, figures)

    def is_over(self, stage, newest):
        """Whether all that a case has published is listed: its publications have ended, which is said after that. Of an
        encoder that stays nobody says so: nothing new has come for a while."""
        if not stage.publishers or stage.publishers[-1].socket.fileno() >= 0:
            return time.time() - newest > 3
        said = [line["message"] for line in self.sluice.daemon.log() if line.get("channel") == stage.channel]
        ended = sum(message.startswith("publication ended") for message in said)
        return ended == said.count("publishing")

    def judge_house(self):
        """The channel beside, the daemon and its memory."""
        problems = list(self.bystander.failures)
        status = self.sluice.status(BYSTANDER)
        if self.bystander.breaks or self.bystander.gaps or not status.get("publisher"):
            problems.append(f"the channel beside has {self.bystander.breaks} breaks, {len(self.bystander.gaps)} gaps, "
                            f"publisher {status.get('publisher')}")
        if self.sluice.daemon.child.poll() is not None or len(self.sluice.daemons) != 1:
            problems.append("the daemon did not live")
        publishing = [line for line in self.sluice.daemon.messages("^publishing$") if line.get("channel") == BYSTANDER]
        if len(publishing) != 1:
            problems.append(f"the channel beside was published to {len(publishing)} times")
        heaviest = max(self.memory["worker"], default=0)
        if heaviest > WORKER_MEMORY:
            problems.append(f"a worker took {heaviest} MiB")
        if max(self.memory["daemon"], default=0) > DAEMON_MEMORY:
            problems.append(f"the daemon took {max(self.memory['daemon'])} MiB")
        return problems


#: MiB that a worker with one small rung, and the daemon with all windows in memory, may take.
WORKER_MEMORY, DAEMON_MEMORY = 300, 1500


def resident(pid):
    found = re.search(r"VmRSS:\s+(\d+)", text_of(f"/proc/{pid}/status"))
    return int(found[1]) >> 10 if found else 0


def profile(name, copies=False):
    video = (f"{{ name: low, codec: h264, width: 160, height: 90, framerate: {RATE}, bitrate: 300000, profile: MAIN,\n"
             f"      rateControlMode: CBR, gopSize: {RATE * SEGMENT}, gopNumBFrames: 0, preset: ultrafast }}")
    audio = "{ name: sound, codec: aac, bitrate: 64000, sampleRate: 48000, channels: 2, language: en }"
    if copies:
        video, audio = "{ name: low, codec: copy }", "{ name: sound, codec: copy }"
    return f"""
channel: {name}
ingest:
  streamKeys: {{ primary: {{ env: E2E_STREAM_KEY }} }}
  maxBitrate: {LIMIT}
  inputLoss: {{ holdSeconds: 60, fill: none }}
video:
  - {video}
audio:
  - {audio}
segmentDurationSeconds: {SEGMENT}
partDurationSeconds: 1
storageWindowSeconds: 300
endpoints:
  - {{ id: hls, package: hls, container: cmaf, playlistWindowSeconds: 300, useAudioRenditionGroup: true }}
  - {{ id: dash, package: dash, manifestWindowSeconds: 300, minBufferTimeSeconds: 2, minUpdatePeriodSeconds: 1,
      suggestedPresentationDelaySeconds: 4, segmentTemplate: timeline }}
"""


# What is right


def told(answers):
    """The last description that an encoder was given."""
    found = re.findall(rb"description\x02..([^\x00]*)", answers, re.S)
    return found[-1].decode("latin-1") if found else ""


def judge(case, stage, viewer, directory):
    """What is wrong with what was seen, and figures of it."""
    problems = list(viewer.failures)
    answers = [publisher.answers for publisher in stage.publishers]
    if case.told and not any(re.search(case.told, one.decode("latin-1"), re.S) for one in answers):
        problems.append(f"the encoder was not told {case.told!r} but {[told(one) for one in answers]}")
    if case.refused:
        if viewer.was_listed:
            problems.append("something is listed")
        return problems, "nothing listed"
    if not viewer.pieces["video"]:
        return problems + ["no segment was ever listed"], ""

    if not case.breaks[0] <= viewer.breaks <= case.breaks[1]:
        problems.append(f"{viewer.breaks} discontinuities instead of {case.breaks[0]} to {case.breaks[1]}")
    waits = [next((at - fine for at, newest in viewer.news if newest * SEGMENT >= fine), None)
             for fine in stage.fine_at]
    problems += [f"back after {wait and round(wait, 1)} s" for wait in waits if wait is None or wait > case.back]

    shown = {kind: [] for kind in viewer.pieces}
    for kind, show in (("video", watching.show_video), ("audio", watching.show_audio)):
        for index, run in enumerate(viewer.runs(kind)):
            shown[kind].append(show(run, directory, f"{case.name}-{kind}-{index}", case.whole))
            problems += shown[kind][-1].problems
    problems += judge_alignment(viewer)
    problems += judge_pictures(case, stage, shown["video"])
    flashes = [at for run in shown["video"] for at in run.flashes]
    beeps = [at for run in shown["audio"] for at in run.beeps]
    if case.sound and (not beeps or shown["audio"][-1].end - beeps[-1] > 3.5):
        problems.append(f"no beep for {shown['audio'][-1].end - beeps[-1] if beeps else 99:.1f} s at the end")
    apart = watching.offsets(flashes, beeps)
    if case.offset and (not apart or max(map(abs, apart)) > 100):
        problems.append(f"sound behind the picture by {[round(one) for one in apart]} ms")
    figures = [f"{len(viewer.pieces['video'])} segments", f"{viewer.breaks} breaks"]
    if viewer.gaps:
        figures.append(f"{len(viewer.gaps)} gaps")
    figures += [f"back in {wait:.1f} s" for wait in waits if wait is not None]
    if apart:
        figures.append(f"A/V {min(apart):+.0f}..{max(apart):+.0f} ms")
    return problems, ", ".join(figures)


def judge_alignment(viewer):
    """That sound and picture of a segment begin together."""
    problems = []
    for number, piece in viewer.pieces["video"].items():
        other = viewer.pieces["audio"].get(number)
        if other is None:
            problems.append(f"segment {number} has a picture and no sound")
            continue
        begins = []
        for one in (piece, other):
            taken = watching.samples(one.header, [one.body])
            begins.append(taken.times[0][0] / taken.timescale if taken.times else 0)
        if abs(begins[1] - begins[0]) > 0.1:
            problems.append(f"segment {number}: the sound begins {begins[1] - begins[0]:+.2f} s after the picture")
    return problems[:3]


def judge_pictures(case, stage, runs):
    problems = []
    numbers = [number for run in runs for _, number in run.pictures]
    unread = numbers.count(None) / max(len(numbers), 1)
    if unread > case.unreadable:
        problems.append(f"{unread:.0%} of the pictures cannot be read")
    if case.ordered:
        for run in runs:
            known = [number for _, number in run.pictures if number is not None]
            back = next(((a, b) for a, b in zip(known, known[1:]) if b < a), None)
            if back:
                problems.append(f"picture {back[1]} is shown after {back[0]}")
    if case.picture:
        sent = next((one.frame for one in reversed(stage.publishers) if one.frame is not None), 0)
        late = [number for _, number in runs[-1].pictures[-3 * RATE:] if number is not None]
        if not late or late[-1] < sent - RATE:
            problems.append(f"the last picture shown is {late[-1] if late else None}, {sent} was sent")
        if len(set(late)) < len(late) / 4:
            problems.append(f"{len(set(late))} different pictures in the last {len(late)}")
    return problems
