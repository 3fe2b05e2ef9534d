package import CommonEncryption
package import Media
package import MediaMemory

/// Makes whole HLS segments in MPEG-2 transport stream form, each from nothing but its own samples.
///
/// One program of at most one video track (H.264, HEVC) and one audio track (AAC, AC-3, E-AC-3), in the clear or,
/// all but HEVC, under SAMPLE-AES. ISO/IEC 13818-1:2022; RFC 8216, clause 3.2; Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming.
/// The same input gives the same bytes, and segments joined in order have unbroken continuity counters.
package struct TransportStreamMuxer: Sendable {
    /// How long before its decode time a picture or audio frame arrives by the PCR: half a second at 90 kHz.
    package static let decodingDelay: Int64 = 45_000

    private static let programNumber: UInt16 = 1
    private static let programMapPacketID: UInt16 = 0x1000
    private static let videoPacketID: UInt16 = 0x100
    private static let audioPacketID: UInt16 = 0x101
    /// Audio frames in one PES packet together last no longer than this, at 90 kHz: 150 ms beside video;
    /// alone, where each carries a PCR, the PCR's own interval.
    private static let longestAudioPES: Int64 = 13_500
    /// Repetitions of PAT and PMT in a segment: once per continuity period, like every PID.
    private static let tableRepetitions = SegmentPlan.continuityPeriod

    private let streams: [ElementaryStream]
    private let clockStream: Int
    private let languages: [[UInt8]?]
    private let association: TableSection

    /// Why a transport stream cannot hold samples of the codec, in words for the operator; nil where it can.
    package static func refusal(of codec: CodecConfiguration, isSampleAES: Bool) -> String? {
        switch codec {
        case .avc, .ac3, .eac3: return nil
        case .hevc: return isSampleAES ? "\(codec.rfc6381) has no form under SAMPLE-AES in a transport stream" : nil
        case .aac(let configuration):
            do throws(TransportStreamError) { _ = try ADTSFrame(configuration) } catch { return "\(error)" }
            return nil
        case .av1, .opus, .jpeg, .webVTT: return "\(codec.rfc6381) has no form in a transport stream"
        }
    }

    /// - Parameters:
    ///   - tracks: one video track, one audio track, or one of each in either order.
    ///   - keys: what to encrypt each track with, in the order of `tracks`; nil leaves a track clear, and nil
    ///     instead of the array leaves all of them clear.
    /// - Throws: `unsupported` for what has no form in a transport stream, or none under SAMPLE-AES.
    package init(tracks: [Track], sampleAES keys: [SampleAESKey?]? = nil) throws(TransportStreamError) {
        precondition(keys == nil || keys?.count == tracks.count, "a key, or none, for each track")
        let videoIndex = tracks.firstIndex { $0.kind == .video }
        guard (1...2).contains(tracks.count), tracks.count == 1 || tracks[0].kind != tracks[1].kind else {
            throw TransportStreamError(
                .unsupported, "\(tracks.map { $0.kind.rawValue }); at most one video and one audio track")
        }
        clockStream = videoIndex ?? 0
        var streams: [ElementaryStream] = []
        for (index, track) in tracks.enumerated() {
            streams.append(
                try ElementaryStream(
                    track, packetID: track.kind == .video ? Self.videoPacketID : Self.audioPacketID,
                    longestPES: videoIndex == nil ? SegmentPlan.clockInterval : Self.longestAudioPES,
                    key: keys?[index]))
        }
        self.streams = streams
        languages = tracks.map { Self.iso639($0.language) }
        association =
            ProgramAssociationTable(
                programNumber: Self.programNumber, programMapPacketID: Self.programMapPacketID
            ).section
    }

    /// What a segment may have beside its samples: tables, and the clock over a hole of ten minutes.
    private static let spareSize = 4 << 20

    /// One whole segment.
    ///
    /// Presentation times are the samples' own on the 90 kHz clock since the epoch, modulo 2^33; decode times
    /// are earlier by the track's reorder delay, and the PCR is earlier still by `decodingDelay`.
    ///
    /// - Parameter segments: the samples of each track, in the order of the tracks given to `init`; one may be empty.
    /// - Throws: where samples are not framed as their codec says, lie outside their source, cannot be encrypted,
    ///   or times do not rise. There is no segment then: nothing protected is ever written in the clear.
    package func mux(_ segments: [TrackSegment]) throws(TransportStreamError) -> [UInt8] {
        try draft(segments).finish().array
    }

    /// The same in the memory that it is sent from.
    /// - Parameter spareCapacity: bytes to allocate beyond the segment, for one who encrypts in place and pads.
    package func draft(
        _ segments: [TrackSegment], spareCapacity: Int = 0
    ) throws(TransportStreamError) -> MediaDraft {
        precondition(segments.count == streams.count && spareCapacity >= 0, "one segment for each track")
        var planned: [[PlannedPES]] = []
        var sources: [TrackSegment] = []
        for (stream, segment) in zip(streams, segments) {
            let source = try stream.protected(segment)
            planned.append(try stream.plan(source))
            sources.append(source)
        }
        guard planned.contains(where: { !$0.isEmpty }) else { throw TransportStreamError(.empty, "no samples") }
        let plan = try SegmentPlan(
            planned, clockStream: clockStream, endTime: streams[clockStream].endTime(segments[clockStream]),
            decodingDelay: Self.decodingDelay)
        let tables = [association, try programMap(segments)]
        let mediaPackets = plan.mediaPackets
        let size = (mediaPackets + Self.tableRepetitions * tables.count) * PacketWriter.packetSize
        // Parameter sets as large as a header may have them, before each of tens of thousands of pictures, are gigabytes.
        let samples = sources.flatMap(\.samples)
        guard size <= 4 * samples.reduce(0, { $0 + $1.size }) + 2048 * samples.count + Self.spareSize else {
            throw TransportStreamError(.malformedSample, "\(size) bytes of \(samples.count) samples")
        }
        var draft = MediaDraft(capacity: size + spareCapacity)
        draft.append { output in
            unsafe output.withUnsafeMutableBufferPointer { buffer, count in
                var writer = unsafe PacketWriter(
                    UnsafeMutableBufferPointer(rebasing: buffer[0..<size]), streams: streams.count,
                    schedule: .init(tables: tables, repetitions: Self.tableRepetitions, mediaPackets: mediaPackets))
                write(plan, of: sources, to: &writer)
                writer.finish()
                count = size
            }
        }
        return draft
    }

    private func programMap(_ segments: [TrackSegment]) throws(TransportStreamError) -> TableSection {
        var map = ProgramMapTable(
            packetID: Self.programMapPacketID, programNumber: Self.programNumber,
            clockPacketID: streams[clockStream].packetID,
            // So that a receiver that goes from clear to protected segments sees another map.
            version: streams.contains { $0.sampleAES != nil } ? 1 : 0, streams: [])
        for (index, stream) in streams.enumerated() {
            guard let signalling = try stream.signalling(for: segments[index]) else { continue }
            map.streams.append(
                .init(signalling: signalling, packetID: stream.packetID, language: languages[index]))
        }
        return map.section
    }

    /// Writes the PES packets of all streams by rising decode time; of equal ones, the clock's stream first.
    private func write(_ plan: SegmentPlan, of segments: [TrackSegment], to writer: inout PacketWriter) {
        var next = Array(repeating: 0, count: streams.count)
        let order = [clockStream] + streams.indices.filter { $0 != clockStream }
        while true {
            var earliest: Int?
            for stream in order where next[stream] < plan.streams[stream].count {
                let time = plan.streams[stream][next[stream]].decodeTime
                if let other = earliest, plan.streams[other][next[other]].decodeTime <= time { continue }
                earliest = stream
            }
            guard let stream = earliest else { return }
            let pes = plan.streams[stream][next[stream]]
            let packetID = streams[stream].packetID
            if pes.isClockReferenceOnly {
                writer.writeClockReference(stream: stream, packetID: packetID, adaptation: pes.adaptation)
            } else {
                writer.begin(
                    stream: stream, packetID: packetID, size: pes.size, packets: pes.packets,
                    isSpread: pes.isSpread, adaptation: pes.adaptation)
                streams[stream].write(pes, of: segments[stream], to: &writer)
            }
            next[stream] += 1
        }
    }
}

extension TransportStreamMuxer {
    /// The three letters of a BCP 47 tag for the language descriptor; nil where nothing is to be said.
    private static func iso639(_ tag: String) -> [UInt8]? {
        let code = LanguageCode(tag: tag)
        return code == .undetermined ? nil : Array(code.description.utf8)
    }
}
