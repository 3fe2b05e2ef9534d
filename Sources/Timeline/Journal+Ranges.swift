import Media

// What a line of the journal may say: a file may hold anything, and what is computed from it must not go beyond 64 bits.

/// Numbers, generations and discontinuities: what counts up from there has room left.
private func isCount(_ value: UInt64) -> Bool { value < 1 << 62 }

/// Ticks since the epoch, or between two of them: 190,000 years at 192 kHz.
private func isTime(_ ticks: Int64) -> Bool { ticks.magnitude < 1 << 60 }

private func isLength(_ ticks: Int64) -> Bool { ticks >= 0 && isTime(ticks) }

/// Bytes of what is in one file.
private func isSize(_ bytes: Int) -> Bool { (0...SegmentStore.maximumMediaBytes).contains(bytes) }

/// The name of a folder in the channel's.
private func isFolder(_ name: String) -> Bool {
    (1...255).contains(name.utf8.count) && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
        && !name.utf8.contains(0)
}

extension Journal.Record {
    var isInRange: Bool {
        switch self {
        case .track(_, let name): isFolder(name)
        case .trackSet(let generation, let tracks): isCount(generation) && tracks.allSatisfy { isFolder($0.name) }
        case .segment(let segment): segment.isInRange
        case .adBreak(let adBreak): adBreak.isInRange
        case .underWay(let underWay): isCount(underWay.number) && isTime(underWay.samplesBefore.value)
        case .floor(let floor): floor.isInRange
        case .segmentDuration(let value, let timescale, let offset):
            timescale > 0 && value > 0 && isTime(value) && isCount(offset ?? 0)
        }
    }
}

extension Journal.Floor {
    var isInRange: Bool {
        [firstFreeNumber, nextGeneration, discontinuitySequence, lastListed ?? 0, eventStart ?? 0].allSatisfy(isCount)
            && ends.allSatisfy { isFolder($0.key) && isTime($0.value.value) }
    }
}

extension WindowSegment {
    var isInRange: Bool {
        [number, generation, discontinuitySequence].allSatisfy(isCount) && isTime(fillsSince ?? 0)
            && tracks.allSatisfy(\.isInRange)
    }
}

extension TrackSegment {
    var isInRange: Bool {
        isTime(decodeTime) && isLength(duration) && isSize(byteCount) && isSize(firstSampleByteCount ?? 0)
            && (firstSampleByteCount ?? 0) <= byteCount
            && chunks.allSatisfy { chunk in
                isSize(chunk.offset) && isSize(chunk.byteCount) && chunk.offset + chunk.byteCount <= byteCount
                    && isLength(chunk.duration)
            }
    }
}

extension AdBreak {
    var isInRange: Bool {
        isTime(start) && isLength(plannedDuration ?? 0) && isTime(returnTime ?? 0)
            && [begin, end].allSatisfy { $0.map { isCount($0.number) && isTime($0.start) } ?? true }
    }
}
