import Media

/// One PES packet to be written, or a packet that carries only a PCR.
struct PlannedPES {
    /// Indices of the samples in it; empty for a PCR alone.
    var samples: Range<Int>
    /// 90 kHz, not wrapped.
    var presentationTime: Int64
    var decodeTime: Int64
    /// Bytes of the elementary stream.
    var payloadSize: Int
    var addsParameterSets = false
    var adaptation = PacketWriter.Adaptation()
    var packets = 1
    /// Whether `packets` is more than the bytes need.
    var isSpread = false

    var isClockReferenceOnly: Bool { samples.isEmpty }

    var header: PESHeader {
        PESHeader(streamID: 0, presentationTime: presentationTime, decodeTime: decodeTime, payloadSize: payloadSize)
    }

    /// Bytes of the whole PES packet.
    var size: Int { PESHeader.size(hasDecodeTime: header.hasDecodeTime) + payloadSize }
}

/// What a segment consists of, decided and counted before a byte is written.
///
/// Every segment begins each PID at continuity counter 0 and ends it at 15, so that segments made apart
/// from each other follow each other without a continuity error: the payload packets of each PID are a
/// multiple of 16. The missing ones are had by spreading the last PES packets over more packets.
struct SegmentPlan {
    /// Media times of a segment lie within this, in seconds; keeps PCR packets in a hole countable.
    static let longestSegment: Int64 = 600
    /// The PCR comes at least this often, in ticks. ISO/IEC 13818-1:2022, clause 2.7.2: 100 ms.
    static let clockInterval: Int64 = 9_000
    static let continuityPeriod = 16
    /// Spreading keeps at least this much in a packet where it can, so that no PES header is split.
    private static let smallestSpreadPayload = 32

    /// In writing order within each stream.
    private(set) var streams: [[PlannedPES]]

    var mediaPackets: Int { streams.reduce(0) { $0 + $1.reduce(0) { $0 + $1.packets } } }

    /// - Parameters:
    ///   - streams: the PES packets of each elementary stream with their times and payload sizes.
    ///   - clockStream: the stream that carries the PCR.
    ///   - endTime: the end of the clock stream's last sample.
    ///   - decodingDelay: how long before its decode time a PES packet arrives.
    init(
        _ streams: [[PlannedPES]], clockStream: Int, endTime: Int64?, decodingDelay: Int64
    ) throws(TransportStreamError) {
        self.streams = streams
        addClockReferences(to: clockStream, endTime: endTime, decodingDelay: decodingDelay)
        for stream in self.streams.indices { try assignPackets(stream) }
    }

    /// Puts a PCR into every PES packet of a stream, and alone into a packet wherever the next is too far off.
    private mutating func addClockReferences(to clockStream: Int, endTime: Int64?, decodingDelay: Int64) {
        guard !streams[clockStream].isEmpty else {
            // The clock goes on while its stream has a hole: by the times of the others.
            let times = streams.flatMap { $0.map(\.decodeTime) }.sorted()
            streams[clockStream] = times.map { Self.clockReference(at: $0, decodingDelay: decodingDelay) }
            return
        }
        var result: [PlannedPES] = []
        let planned = streams[clockStream]
        for (index, var pes) in planned.enumerated() {
            pes.adaptation.clockReference = pes.decodeTime - decodingDelay
            let start = pes.decodeTime
            result.append(pes)
            let end = index + 1 < planned.count ? planned[index + 1].decodeTime : max(start, endTime ?? start)
            let pieces = (end - start + Self.clockInterval - 1) / Self.clockInterval
            guard pieces > 1 else { continue }
            for piece in 1..<pieces {
                let time = start + (end - start) * piece / pieces
                result.append(Self.clockReference(at: time, decodingDelay: decodingDelay))
            }
        }
        streams[clockStream] = result
    }

    private static func clockReference(at time: Int64, decodingDelay: Int64) -> PlannedPES {
        PlannedPES(
            samples: 0..<0, presentationTime: time, decodeTime: time, payloadSize: 0,
            adaptation: .init(clockReference: time - decodingDelay))
    }

    private mutating func assignPackets(_ stream: Int) throws(TransportStreamError) {
        var total = 0
        for index in streams[stream].indices where !streams[stream][index].isClockReferenceOnly {
            let pes = streams[stream][index]
            let bytes = pes.size + pes.adaptation.size
            streams[stream][index].packets = (bytes + PacketWriter.largestPayload - 1) / PacketWriter.largestPayload
            total += streams[stream][index].packets
        }
        var missing = (Self.continuityPeriod - total % Self.continuityPeriod) % Self.continuityPeriod
        // From the end, as many as leave a useful payload; then, in a segment of next to nothing, down to one byte:
        // 15 more than needed fit in a PES packet of 16 bytes, which all have but that of a single byte without a header of its own.
        for smallest in [Self.smallestSpreadPayload, 1] {
            for index in streams[stream].indices.reversed() where missing > 0 {
                let pes = streams[stream][index]
                guard !pes.isClockReferenceOnly else { continue }
                let extra = min(missing, max(0, pes.size / smallest - pes.packets))
                guard extra > 0 else { continue }
                streams[stream][index].packets += extra
                streams[stream][index].isSpread = true
                missing -= extra
            }
        }
        guard missing == 0 else {
            throw TransportStreamError(.malformedSample, "nothing of a stream in the segment but one byte")
        }
    }
}
