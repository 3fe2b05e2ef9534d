package import Media

/// The bounds a daemon holds a worker to.
package enum WorkerLimits {
    package static let tracks = 32
    package static let headerBytes = 1 << 16
    package static let nameBytes = 64
    package static let textBytes = 1024
    /// All chunks of a slate together whose picture does not move.
    package static let slateBytes = 12 << 20
    /// And of one that is made of a clip.
    package static let clipBytes = 32 << 20
    /// A splice_info_section.
    package static let sectionBytes = 4096
    /// Markers of one publication; what is more is left out, and said once.
    package static let markersPerSecond = 10
}

extension WorkerMessage {
    private enum Kind: UInt8 {
        case hello = 1
        case publish, tracks, chunk, statistics, event, end, marker, nextFile
    }

    package func serialize() -> [UInt8] {
        switch self {
        case .hello(let version):
            Frame.write(type: Kind.hello.rawValue) { $0.write(version) }
        case .publish(let request):
            Frame.write(type: Kind.publish.rawValue) {
                $0.writeText(request.app)
                $0.writeText(request.streamKey)
                $0.writeText(request.encoder)
            }
        case .tracks(let tracks):
            Frame.write(type: Kind.tracks.rawValue) { writer in
                writer.write(UInt8(tracks.count))
                for track in tracks {
                    writer.writeText(track.name)
                    writer.write(track.reorderDelay)
                    writer.write(track.frameRate?.numerator ?? 0)
                    writer.write(track.frameRate?.denominator ?? 0)
                    writer.writeBlob(track.header)
                }
            }
        case .chunk(let chunk):
            Frame.write(type: Kind.chunk.rawValue) {
                $0.write(chunk.track)
                $0.write(chunk.segment)
                $0.write(UInt8(chunk.endsSegment ? 1 : 0))
                $0.write(bytes: chunk.bytes)
            }
        case .marker(let marker):
            Frame.write(type: Kind.marker.rawValue) { marker.write(to: &$0) }
        case .statistics(let statistics):
            Frame.write(type: Kind.statistics.rawValue) { writer in
                for value in statistics.values { writer.write(value) }
            }
        case .event(let event):
            Frame.write(type: Kind.event.rawValue) {
                $0.write(event.level.rawValue)
                $0.writeText(event.text)
            }
        case .nextFile(let end):
            Frame.write(type: Kind.nextFile.rawValue) { end.write(to: &$0) }
        case .end(let reason):
            Frame.write(type: Kind.end.rawValue) { $0.writeText(reason) }
        }
    }

    package init(type: UInt8, body: [UInt8]) throws(ParseError) { try self.init(type: type, body: body.span) }

    package init(type: UInt8, body: Span<UInt8>) throws(ParseError) {
        guard let kind = Kind(rawValue: type) else { throw ParseError(.unsupported, at: 0, "message type \(type)") }
        var reader = ByteReader(body)
        switch kind {
        case .hello:
            self = .hello(version: try reader.read(UInt16.self))
        case .publish:
            self = .publish(
                PublishRequest(
                    app: try reader.readText(atMost: WorkerLimits.textBytes),
                    streamKey: try reader.readText(atMost: WorkerLimits.textBytes),
                    encoder: try reader.readText(atMost: WorkerLimits.textBytes)))
        case .tracks:
            self = .tracks(try Self.readTracks(&reader))
        case .chunk:
            let track = try reader.read(UInt8.self)
            let segment = try reader.read(UInt64.self)
            let flags = try reader.read(UInt8.self)
            guard flags <= 1 else { throw ParseError(.invalid, at: 9, "chunk flags \(flags)") }
            let bytes = try reader.readBytes(reader.remaining)
            self = .chunk(ClearChunk(track: track, segment: segment, endsSegment: flags == 1, bytes: bytes))
        case .marker:
            self = .marker(try SpliceMarker(reading: &reader))
        case .statistics:
            self = .statistics(try IngestStatistics(reading: &reader))
        case .event:
            guard let level = IngestEvent.Level(rawValue: try reader.read(UInt8.self)) else {
                throw ParseError(.invalid, at: 0, "event level")
            }
            self = .event(IngestEvent(level: level, text: try reader.readText(atMost: WorkerLimits.textBytes)))
        case .nextFile:
            self = .nextFile(try FileEnd(reading: &reader))
        case .end:
            self = .end(reason: try reader.readText(atMost: WorkerLimits.textBytes))
        }
        try reader.requireEnd()
    }

    @_lifetime(reader: copy reader)
    private static func readTracks(_ reader: inout ByteReader) throws(ParseError) -> [TrackDescription] {
        let count = Int(try reader.read(UInt8.self))
        guard (1...WorkerLimits.tracks).contains(count) else { throw ParseError(.invalid, at: 0, "\(count) tracks") }
        var tracks: [TrackDescription] = []
        for _ in 0..<count {
            let name = try reader.readText(atMost: WorkerLimits.nameBytes)
            let reorderDelay = try reader.read(UInt32.self)
            let numerator = try reader.read(UInt32.self)
            let denominator = try reader.read(UInt32.self)
            guard (numerator == 0) == (denominator == 0) else {
                throw ParseError(.invalid, at: reader.offset, "frame rate \(numerator)/\(denominator)")
            }
            let frameRate = numerator == 0 ? nil : FrameRate(numerator, denominator)
            let header = try reader.readBlob(atMost: WorkerLimits.headerBytes)
            tracks.append(
                TrackDescription(name: name, reorderDelay: reorderDelay, frameRate: frameRate, header: header))
        }
        return tracks
    }
}

extension IngestStatistics {
    fileprivate var values: [UInt64] {
        [
            bytesReceived, videoSamplesReceived, audioSamplesReceived, framesRepeated, framesDropped, decodeErrors,
            mediaMilliseconds, busyMilliseconds, blackMilliseconds, silentMilliseconds, heldSegment,
        ]
    }

    @_lifetime(reader: copy reader)
    fileprivate init(reading reader: inout ByteReader) throws(ParseError) {
        bytesReceived = try reader.read(UInt64.self)
        videoSamplesReceived = try reader.read(UInt64.self)
        audioSamplesReceived = try reader.read(UInt64.self)
        framesRepeated = try reader.read(UInt64.self)
        framesDropped = try reader.read(UInt64.self)
        decodeErrors = try reader.read(UInt64.self)
        mediaMilliseconds = try reader.read(UInt64.self)
        busyMilliseconds = try reader.read(UInt64.self)
        blackMilliseconds = try reader.read(UInt64.self)
        silentMilliseconds = try reader.read(UInt64.self)
        heldSegment = try reader.read(UInt64.self)
    }
}
