"""Opens what the packager protected, by the standards and by libcrypto alone: nothing here is ours but the parsing.

CMAF under cenc and cbcs (ISO/IEC 23001-7), transport streams under AES-128 (RFC 8216, clause 5.2) and SAMPLE-AES
(Apple's MPEG-2 Stream Encryption Format). Keys are those that sluice-keyserver derives from its secret file.
"""

import ctypes
import ctypes.util
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_ecb"):
    getattr(CRYPTO, name).restype = ctypes.c_void_p


class ProviderKeys:
    """Every key there can be: what the key server's secret says of a KID."""

    def __init__(self, secret_file):
        self.secret = Path(secret_file).read_bytes()

    def __getitem__(self, kid):
        """The key of a KID of 32 hexadecimal digits."""
        return hmac.digest(self.secret, b"sluice-keyserver" + bytes.fromhex(kid), hashlib.sha256)[:16]


def blocks(key, data, decrypting):
    """AES-128 of whole blocks, each by itself."""
    context = ctypes.c_void_p(CRYPTO.EVP_CIPHER_CTX_new())
    out, count = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int()
    CRYPTO.EVP_CipherInit_ex(context, ctypes.c_void_p(CRYPTO.EVP_aes_128_ecb()), None, key, None, int(not decrypting))
    CRYPTO.EVP_CIPHER_CTX_set_padding(context, 0)
    CRYPTO.EVP_CipherUpdate(context, out, ctypes.byref(count), bytes(data), len(data))
    CRYPTO.EVP_CIPHER_CTX_free(context)
    return out.raw[:len(data)]


def xor(a, b):
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


def cbc(key, iv, data):
    """Without padding; whole blocks."""
    return xor(blocks(key, data, True), (iv + data)[:len(data)]) if data else b""


def ctr(key, iv, data):
    """With an IV of 8 bytes and a counter of 8."""
    count = (len(data) + 15) // 16
    counters = b"".join(iv + number.to_bytes(8, "big") for number in range(count))
    return xor(data, blocks(key, counters, False)[:len(data)]) if data else b""


# MARK: CMAF


def boxes(data, start=0, end=None):
    """(type, start of the payload, end) of each box."""
    at, end = start, len(data) if end is None else end
    while at + 8 <= end:
        size = int.from_bytes(data[at:at + 4], "big")
        assert 8 <= size <= end - at, f"a box of {size} bytes at {at}"
        yield data[at + 4:at + 8], at + 8, at + size
        at += size


def find(data, path, start=0, end=None):
    """The payload's (start, end) of the first box along a path such as moov/trak."""
    for name in path.split("/"):
        match = next(((a, b) for kind, a, b in boxes(data, start, end) if kind == name.encode()), None)
        if match is None:
            return None
        start, end = match
    return start, end


@dataclass
class TrackEncryption:
    scheme: str
    kid: str
    crypt: int
    skip: int
    iv_size: int
    constant_iv: bytes


def track_encryption(header):
    """What a CMAF header announces; None where it is a clear track's."""
    start, end = find(header, "moov/trak/mdia/minf/stbl/stsd")
    kind, entry, entry_end = next(boxes(header, start + 8, end))
    if kind not in (b"encv", b"enca"):
        return None
    children = entry + (78 if kind == b"encv" else 28)
    sinf = find(header, "sinf", children, entry_end)
    scheme, _ = find(header, "schm", *sinf)
    at, _ = find(header, "schi/tenc", *sinf)
    constant = b""
    if header[at + 7] == 0:
        constant = header[at + 25:at + 25 + header[at + 24]]
    return TrackEncryption(
        header[scheme + 4:scheme + 8].decode(), header[at + 8:at + 24].hex(), header[at + 5] >> 4, header[at + 5] & 15,
        header[at + 7], constant)


@dataclass
class Sample:
    data: bytes
    iv: bytes = b""
    #: (clear, protected) bytes; empty: all of it.
    subsamples: list = field(default_factory=list)


def number(data, at, size):
    return int.from_bytes(data[at:at + size], "big")


def samples(segment, iv_size=None):
    """The samples of a CMAF segment with one track; with `iv_size`, what `senc` says of each."""
    found, moof = [], None
    for kind, start, end in boxes(segment):
        if kind == b"moof":
            moof = (start - 8, start, end)
        elif kind == b"mdat" and moof:
            found += fragment(segment, *moof, iv_size)
            moof = None
    return found


def fragment(data, moof, start, end, iv_size):
    traf, traf_end = find(data, "traf", start, end)
    at, _ = find(data, "tfhd", traf, traf_end)
    flags, at, default_size = number(data, at, 4) & 0xFFFFFF, at + 8, 0
    for bit, size in ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4)):
        if flags & bit:
            default_size = number(data, at, 4) if bit == 0x10 else default_size
            at += size
    found = []
    for kind, at, _ in boxes(data, traf, traf_end):
        if kind != b"trun":
            continue
        flags, count = number(data, at, 4) & 0xFFFFFF, number(data, at + 4, 4)
        at += 8
        assert flags & 1, "a trun without a data offset"
        place = moof + int.from_bytes(data[at:at + 4], "big", signed=True)
        at += 4 + (4 if flags & 4 else 0)
        for _ in range(count):
            size = default_size
            for bit in (0x100, 0x200, 0x400, 0x800):
                if flags & bit:
                    size = number(data, at, 4) if bit == 0x200 else size
                    at += 4
            found.append(Sample(data[place:place + size]))
            assert len(found[-1].data) == size
            place += size
    senc = find(data, "senc", traf, traf_end)
    if iv_size is None or senc is None:
        return found
    at = senc[0]
    has_subsamples = number(data, at, 4) & 2
    assert number(data, at + 4, 4) == len(found)
    at += 8
    for sample in found:
        sample.iv, at = data[at:at + iv_size], at + iv_size
        if has_subsamples:
            count, at = number(data, at, 2), at + 2
            sample.subsamples = [
                (number(data, at + 6 * index, 2), number(data, at + 6 * index + 2, 4)) for index in range(count)]
            at += 6 * count
    return found


def open_sample(sample, how, key):
    """The clear bytes of a sample, and how many of its bytes are protected."""
    parts, at = [], 0
    for clear, protected in sample.subsamples or [(0, len(sample.data))]:
        parts.append((sample.data[at:at + clear], sample.data[at + clear:at + clear + protected]))
        at += clear + protected
    assert at == len(sample.data), "subsamples are not the sample"
    if how.scheme == "cenc":
        opened = ctr(key, sample.iv, b"".join(part for _, part in parts))
        out, at = b"", 0
        for clear, part in parts:
            out += clear + opened[at:at + len(part)]
            at += len(part)
        return out, at
    out, total = b"", 0
    for clear, part in parts:
        whole = len(part) // 16
        run, gap = how.crypt or 1, how.skip
        chosen = [index for index in range(whole) if index % (run + gap) < run]
        hidden = b"".join(part[16 * index:16 * index + 16] for index in chosen)
        opened = cbc(key, sample.iv or how.constant_iv, hidden)
        body = bytearray(part)
        for place, index in enumerate(chosen):
            body[16 * index:16 * index + 16] = opened[16 * place:16 * place + 16]
        out += clear + bytes(body)
        total += len(hidden)
    return out, total


# MARK: Transport streams


def elementary_streams(stream):
    """The PES payloads of each PID that carries PES packets."""
    found, current = {}, {}
    for at in range(0, len(stream) - 187, 188):
        packet = stream[at:at + 188]
        assert packet[0] == 0x47, f"no sync byte at {at}"
        pid, control = number(packet, 1, 2) & 0x1FFF, packet[3] >> 4 & 3
        payload = packet[4 + (1 + packet[4] if control & 2 else 0):] if control & 1 else b""
        if packet[1] & 0x40 and payload[:3] == b"\0\0\1":
            current[pid] = bytearray(payload[9 + payload[8]:])
            found.setdefault(pid, []).append(current[pid])
        elif pid in current:
            current[pid] += payload
    return {pid: [bytes(one) for one in packets] for pid, packets in found.items()}


def annex_b(data):
    """NAL units between start codes."""
    places, at = [], data.find(b"\0\0\1")
    while at >= 0:
        places.append(at)
        at = data.find(b"\0\0\1", at + 3)
    units = []
    for place, following in zip(places, places[1:] + [len(data)]):
        units.append(data[place + 3:following].rstrip(b"\0") if following < len(data) else data[place + 3:])
    return units


def slices_of_stream(stream):
    """H.264 slices of a transport stream, in order."""
    video = [packets for packets in elementary_streams(stream).values() if packets[0].startswith(b"\0\0")]
    return [unit for packets in video for one in packets for unit in annex_b(one) if unit[0] & 31 in (1, 5)]


def slices_of_samples(found):
    """H.264 slices of samples with lengths of four bytes, in order."""
    units = []
    for sample in found:
        at = 0
        while at < len(sample):
            size = number(sample, at, 4)
            if sample[at + 4] & 31 in (1, 5):
                units.append(sample[at + 4:at + 4 + size])
            at += 4 + size
    return units


def open_slice(unit, key, iv):
    """A slice under SAMPLE-AES: from the 33rd byte on one block of ten, while more than a block is left."""
    data = bytearray(unit.replace(b"\0\0\3", b"\0\0"))
    if len(data) <= 48:
        return bytes(data)
    places, at = [], 32
    while len(data) - at > 16:
        places.append(at)
        at += 160
    opened = cbc(key, iv, b"".join(bytes(data[place:place + 16]) for place in places))
    for index, place in enumerate(places):
        data[place:place + 16] = opened[16 * index:16 * index + 16]
    return bytes(data)


def open_transport_stream(data, key, iv):
    """A whole segment under AES-128; None where the padding is not one."""
    if len(data) % 16:
        return None
    opened = cbc(key, iv, data)
    padding = opened[-1] if opened else 0
    return opened[:-padding] if 1 <= padding <= 16 else None
