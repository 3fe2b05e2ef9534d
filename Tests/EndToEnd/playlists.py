"""HLS playlists as a player reads them: RFC 8216, clause 4.3."""

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

from sluice import get


@dataclass
class Entry:
    number: int
    url: str = ""
    seconds: float = 0.0
    is_discontinuity: bool = False
    is_gap: bool = False
    key: dict = field(default_factory=dict)
    map: str = ""


@dataclass
class Media:
    """One answer to a media playlist request; without entries where it was refused."""

    code: int
    headers: object
    sequence: int = 0
    target: int = 0
    discontinuity_sequence: int = 0
    is_ended: bool = False
    entries: list = field(default_factory=list)
    text: str = ""

    @property
    def last(self):
        return self.entries[-1].number if self.entries else 0

    @property
    def discontinuities(self):
        return [entry.number for entry in self.entries if entry.is_discontinuity]


def attributes(text):
    return {name: value.strip('"') for name, value in re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', text)}


def media_url(url):
    """The URL of the first media playlist that a multivariant playlist names; None where there is none."""
    code, _, body = get(url)
    if code != 200:
        return None
    return urljoin(url, next(line for line in body.decode().splitlines() if line and not line.startswith("#")))


def media(url):
    code, headers, body = get(url)
    playlist = Media(code, headers)
    playlist.text = body.decode(errors="replace")
    if code != 200:
        return playlist
    key, map_url = {}, ""
    entry = Entry(0)
    for line in body.decode().splitlines():
        name, _, value = line.partition(":")
        match name:
            case "#EXT-X-MEDIA-SEQUENCE": playlist.sequence = int(value)
            case "#EXT-X-TARGETDURATION": playlist.target = int(value)
            case "#EXT-X-DISCONTINUITY-SEQUENCE": playlist.discontinuity_sequence = int(value)
            case "#EXT-X-ENDLIST": playlist.is_ended = True
            case "#EXT-X-DISCONTINUITY": entry.is_discontinuity = True
            case "#EXT-X-GAP": entry.is_gap = True
            case "#EXTINF": entry.seconds = float(value.split(",")[0])
            case "#EXT-X-KEY": key = attributes(value)
            case "#EXT-X-MAP": map_url = urljoin(url, attributes(value)["URI"])
            case _ if line and not line.startswith("#"):
                entry.number = playlist.sequence + len(playlist.entries)
                entry.url, entry.key, entry.map = urljoin(url, line), key, map_url
                playlist.entries.append(entry)
                entry = Entry(0)
    return playlist
