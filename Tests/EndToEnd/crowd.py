"""Hundreds of players in one thread, each with its connections, as a shield in front of the origin meets them: HLS by
polling (RFC 8216, clause 6.3.4), Low-Latency HLS by blocking reloads, DASH by its update period. They fetch every segment
once and open none. Used by Tools/verify/shield-load."""

import asyncio
import gzip
import random
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import verify_dash
from playlists import attributes


@dataclass
class Answer:
    status: int
    fields: dict
    body: bytes

    @property
    def is_from_cache(self):
        return self.fields.get("x-cache") in ("HIT", "UPDATING", "STALE")


class Connection:
    """One of HTTP/1.1 that stays, and is opened again where the other side has closed it meanwhile."""

    def __init__(self, base, agent):
        self.host, self.port = urlsplit(base).hostname, urlsplit(base).port
        self.agent = agent
        self.reader = self.writer = None

    async def get(self, path):
        for attempt in range(2):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
            try:
                self.writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nUser-Agent: {self.agent}\r\n"
                                  "Accept-Encoding: gzip\r\n\r\n".encode())
                return await asyncio.wait_for(self.read(), 60)
            except (OSError, EOFError):
                self.close()
                if attempt:
                    raise

    async def read(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readuntil(b"\r\n")
        else:
            body = await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Answer(int(head[0].split()[1]), fields, body)

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


class Ledger:
    """What the players of one shield asked for and got. `segment`: seconds."""

    def __init__(self, segment):
        self.segment = segment
        self.asked = Counter()
        #: By path of a manifest: how often each of its revisions did not come from the cache; of one that lasts longer
        #: than a segment, for each segment's time.
        self.revisions = defaultdict(Counter)
        self.first = {}
        self.failures = []
        #: By playlist or track: the keys that were seen.
        self.keys = defaultdict(set)
        self.is_over = False

    async def get(self, connection, path):
        answer = await connection.get(path)
        self.asked[path] += 1
        if answer.status != 200:
            self.fail(f"{path}: {answer.status}")
        elif not answer.is_from_cache and path.endswith((".m3u8", ".mpd")):
            now, revision = time.monotonic(), (path, answer.fields.get("etag"))
            age = int((now - self.first.setdefault(revision, now)) / self.segment)
            self.revisions[path][revision[1], age] += 1
        return answer

    def fail(self, text):
        if len(self.failures) < 1000:
            self.failures.append(text)


class Player:
    """What all kinds share: a connection for manifests, one for media, and what it has of each."""

    def __init__(self, number, base, endpoint, ledger, agent):
        self.number, self.endpoint, self.ledger = number, endpoint, ledger
        self.base, self.agent = base, agent
        self.open = []

    def connect(self):
        self.open.append(Connection(self.base, self.agent))
        return self.open[-1]

    async def run(self, delay):
        await asyncio.sleep(delay)
        try:
            await self.play()
        except (OSError, EOFError, ValueError, KeyError, AssertionError, asyncio.TimeoutError) as error:
            self.ledger.fail(f"{self.endpoint}, player {self.number}: {error!r}")
        finally:
            for connection in self.open:
                connection.close()

    async def fetch(self, connection, paths, have):
        for path in paths:
            if path not in have:
                have.add(path)
                await self.ledger.get(connection, path)


def media_playlists(path, text):
    """Of a multivariant playlist: the variants' and the first sound's."""
    lines = text.splitlines()
    variants = [urljoin(path, line) for line in lines if line and not line.startswith("#")]
    sounds = [urljoin(path, attributes(line)["URI"]) for line in lines
              if line.startswith("#EXT-X-MEDIA:") and attributes(line).get("TYPE") == "AUDIO"]
    return variants, sounds[:1]


class HLSPlayer(Player):
    """The third segment from the end, then each new one; looks again after a target duration, or half of it where
    nothing is new."""

    async def play(self):
        path = f"/live/{self.endpoint}/index.m3u8"
        answer = await self.ledger.get(self.connect(), path)
        variants, sounds = media_playlists(path, answer.body.decode())
        await asyncio.gather(*(self.follow(one) for one in [variants[self.number % len(variants)], *sounds]))

    async def follow(self, path):
        lists, media = self.connect(), self.connect()
        last, have, newest = None, set(), None
        while not self.ledger.is_over:
            began = asyncio.get_running_loop().time()
            answer = await self.ledger.get(lists, path)
            if answer.status != 200:
                await asyncio.sleep(1)
                continue
            text = answer.body.decode()
            self.note_key(path, text)
            sequence = int(re.search(r"MEDIA-SEQUENCE:(\d+)", text)[1])
            target = int(re.search(r"TARGETDURATION:(\d+)", text)[1])
            places = [urljoin(path, line) for line in text.splitlines() if line and not line.startswith("#")]
            maps = [urljoin(path, uri) for uri in re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)]
            first = max(len(places) - 3, 0) if newest is None else newest + 1 - sequence
            if first < 0:
                self.ledger.fail(f"{path}: {-first} segments have gone by")
            newest = sequence + len(places) - 1
            await self.fetch(media, maps[-1:] + places[max(first, 0):], have)
            wait = target if text != last else target / 2
            last = text
            await asyncio.sleep(max(began + wait - asyncio.get_running_loop().time(), 0))

    def note_key(self, path, text):
        self.ledger.keys[path].update(re.findall(r'#EXT-X-KEY:[^\n]*URI="([^"]+)"', text)[-1:])


class LowLatencyPlayer(HLSPlayer):
    """Each playlist by a blocking reload, each part by its hint before it is there. RFC 8216bis, clause 6.2.5."""

    async def follow(self, path):
        lists, media = self.connect(), self.connect()
        have, query, hinted = set(), "", None
        while not self.ledger.is_over:
            answer = await self.ledger.get(lists, path + query)
            if answer.status != 200:
                await asyncio.sleep(1)
                continue
            text = answer.body.decode()
            self.note_key(path, text)
            if hinted:
                await hinted
            listed = [urljoin(path, uri) for uri in re.findall(r'#EXT-X-PART:[^\n]*URI="([^"]+)"', text)]
            maps = [urljoin(path, uri) for uri in re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)]
            await self.fetch(media, maps[-1:] + (listed if query else listed[-1:]), have)
            hint = re.search(r'#EXT-X-PRELOAD-HINT:[^\n]*URI="([^"]+/(\d+)\.(\d+)\.m4s)"', text)
            if not hint:
                query, hinted = "", None
                await asyncio.sleep(0.3)
                continue
            hinted = asyncio.ensure_future(self.fetch(media, [urljoin(path, hint[1])], have))
            query = f"?_HLS_msn={hint[2]}&_HLS_part={hint[3]}"
        if hinted:
            await hinted


class DASHPlayer(Player):
    """One picture and the sound of a timeline; the MPD every two seconds, as it says."""

    async def play(self):
        path = f"/live/{self.endpoint}/index.mpd"
        lists, media = self.connect(), [self.connect(), self.connect()]
        have, newest = set(), None
        while not self.ledger.is_over:
            began = asyncio.get_running_loop().time()
            answer = await self.ledger.get(lists, path)
            if answer.status == 200:
                tracks = verify_dash.tracks(path, answer.body)
                pictures = sorted({one.name for one in tracks if one.kind == "video"})
                wanted = [one for one in tracks
                          if one.kind == "audio" or one.name == pictures[self.number % len(pictures)]]
                for one in wanted:
                    self.ledger.keys[one.name].add(one.kid)
                numbers = sorted({segment[0] for one in wanted for segment in one.segments})
                first = numbers[-3:][0] if newest is None else newest + 1
                newest = numbers[-1]
                await asyncio.gather(*(
                    self.fetch(connection, [place for one in wanted if one.kind == kind
                                            for place in self.places(one, first)], have)
                    for connection, kind in zip(media, ("video", "audio"))))
            await asyncio.sleep(max(began + 2 - asyncio.get_running_loop().time(), 0))

    @staticmethod
    def places(track, first):
        segments = [place for number, place, _, _ in track.segments if number >= first]
        return [track.init, *segments] if segments else []


async def watch(players, seconds, ledgers):
    """Lets them come over ten seconds, as viewers do, and play for so long."""
    generator = random.Random(6)
    tasks = [asyncio.ensure_future(player.run(generator.uniform(0, 10))) for player in players]
    await asyncio.sleep(seconds)
    for ledger in ledgers:
        ledger.is_over = True
    await asyncio.wait(tasks, timeout=30)
    for task in tasks:
        task.cancel()
