import CommonEncryption
import Media
import MediaMemory

/// How the samples of one track become PES packets.
struct ElementaryStream {
    enum Coding {
        case avc(NALUnitByteStream)
        case hevc(NALUnitByteStream)
        case aac(ADTSFrame)
        case ac3
        case eac3
    }

    var coding: Coding
    var packetID: UInt16
    var timescale: UInt32
    /// In ticks of the track.
    var reorderDelay: Int64
    /// The longest time of audio in one PES packet, at 90 kHz.
    var longestPES: Int64
    var sampleAES: SampleAESStream?

    init(
        _ track: Track, packetID: UInt16, longestPES: Int64, key: SampleAESKey?
    ) throws(TransportStreamError) {
        guard track.timescale > 0 else { throw TransportStreamError(.unsupported, "a timescale of 0") }
        switch track.codec {
        case .avc(let configuration, _, _): coding = .avc(NALUnitByteStream(configuration))
        case .hevc(let configuration, _, _): coding = .hevc(NALUnitByteStream(configuration))
        case .aac(let configuration): coding = .aac(try ADTSFrame(configuration))
        case .ac3: coding = .ac3
        case .eac3: coding = .eac3
        case .av1, .opus, .jpeg, .webVTT:
            throw TransportStreamError(.unsupported, "\(track.codec.rfc6381) in a transport stream")
        }
        self.packetID = packetID
        timescale = track.timescale
        reorderDelay = Int64(track.reorderDelay)
        self.longestPES = longestPES
        if let key {
            let stream = try SampleAESStream(track.codec, key: key)
            sampleAES = stream
            if case .avc(var byteStream) = coding {
                byteStream.lengthSize = SampleAESStream.lengthSize
                coding = .avc(byteStream)
            }
        }
    }

    /// 0xE0: video stream 0; 0xC0: audio stream 0; 0xBD: private stream 1, as ATSC and DVB have AC-3.
    /// ISO/IEC 13818-1:2022, table 2-22.
    var streamID: UInt8 {
        switch coding {
        case .avc, .hevc: 0xE0
        case .aac: 0xC0
        case .ac3, .eac3: 0xBD
        }
    }

    /// What the program map says of the stream; nil where it cannot say it because `segment` has no sample.
    func signalling(for segment: TrackSegment) throws(TransportStreamError) -> StreamSignalling? {
        if let sampleAES { return try sampleAES.signalling(for: segment) }
        return switch coding {
        case .avc: .avc
        case .hevc: .hevc
        case .aac: .aac
        case .ac3: .ac3
        case .eac3: .eac3
        }
    }

    /// The samples as they go into the stream: encrypted where the stream is.
    func protected(_ segment: TrackSegment) throws(TransportStreamError) -> TrackSegment {
        guard let sampleAES else { return segment }
        return try sampleAES.protect(segment)
    }

    /// Checks every sample, and groups them into PES packets: one picture each, or some audio frames.
    func plan(_ segment: TrackSegment) throws(TransportStreamError) -> [PlannedPES] {
        try checkTimes(segment.samples)
        switch coding {
        case .avc(let byteStream), .hevc(let byteStream): return try planVideo(segment, byteStream)
        case .aac:
            return try planAudio(segment, header: ADTSFrame.headerSize, largest: ADTSFrame.largestRawDataBlock)
        case .ac3, .eac3: return try planAudio(segment, header: 0, largest: PESHeader.largestBoundedPayload)
        }
    }

    /// The end of the last sample on the decoding clock, at 90 kHz.
    func endTime(_ segment: TrackSegment) -> Int64? {
        segment.samples.last.flatMap {
            TransportTime.ticks($0.decodeTime - reorderDelay + Int64($0.duration), timescale: timescale)
        }
    }

    /// Writes the payload of a PES packet that was planned.
    func write(_ pes: PlannedPES, of segment: TrackSegment, to writer: inout PacketWriter) {
        var header = pes.header
        header.streamID = streamID
        writer.write(header.bytes.span)
        let source = segment.source.span
        for index in pes.samples {
            let sample = segment.samples[index]
            let bytes = source.extracting(sample.offset..<sample.offset + sample.size)
            switch coding {
            case .avc(let byteStream), .hevc(let byteStream):
                writer.write(byteStream.prefix(addsParameterSets: pes.addsParameterSets).span)
                byteStream.write(bytes, to: &writer)
            case .aac(let frame):
                writer.write(frame.header(rawDataBlockSize: sample.size).span)
                writer.write(bytes)
            case .ac3, .eac3: writer.write(bytes)
            }
        }
    }

    private func planVideo(
        _ segment: TrackSegment, _ byteStream: NALUnitByteStream
    ) throws(TransportStreamError) -> [PlannedPES] {
        var planned: [PlannedPES] = []
        planned.reserveCapacity(segment.samples.count)
        let source = segment.source.span
        for (index, sample) in segment.samples.enumerated() {
            let bytes = source.extracting(try segment.range(of: sample))
            let measure = try byteStream.measure(bytes, isSync: sample.isSync)
            let offset = Int64(sample.compositionOffset)
            guard offset >= -reorderDelay else {
                throw TransportStreamError(
                    .invalidTime, "a composition offset of \(offset) with a reorder delay of \(reorderDelay)")
            }
            planned.append(
                PlannedPES(
                    samples: index..<index + 1, presentationTime: try ticks(sample.decodeTime + offset),
                    decodeTime: try ticks(sample.decodeTime - reorderDelay), payloadSize: measure.size,
                    addsParameterSets: measure.addsParameterSets, adaptation: .init(isRandomAccess: sample.isSync)))
        }
        return planned
    }

    private func planAudio(
        _ segment: TrackSegment, header: Int, largest: Int
    ) throws(TransportStreamError) -> [PlannedPES] {
        var planned: [PlannedPES] = []
        var nextDecodeTime: Int64?
        for (index, sample) in segment.samples.enumerated() {
            _ = try segment.range(of: sample)
            guard sample.size <= largest else {
                throw TransportStreamError(.malformedSample, "an audio frame of \(sample.size) bytes")
            }
            let size = header + sample.size
            let end = try ticks(sample.decodeTime + Int64(sample.duration))
            // Only frames that follow each other without a hole share a PTS, which is the first one's.
            if let last = planned.last, nextDecodeTime == sample.decodeTime,
                end - last.presentationTime <= longestPES,
                last.payloadSize + size <= PESHeader.largestBoundedPayload
            {
                planned[planned.count - 1].samples = last.samples.lowerBound..<index + 1
                planned[planned.count - 1].payloadSize += size
            } else {
                let time = try ticks(sample.decodeTime)
                planned.append(
                    PlannedPES(
                        samples: index..<index + 1, presentationTime: time, decodeTime: time, payloadSize: size))
            }
            nextDecodeTime = sample.decodeTime + Int64(sample.duration)
        }
        return planned
    }

    private func checkTimes(_ samples: [SampleReference]) throws(TransportStreamError) {
        guard let first = samples.first, let last = samples.last else { return }
        var previous = first.decodeTime
        // So that a sum of a time and an offset or a duration cannot overflow.
        guard (0...Int64.max >> 2).contains(first.decodeTime), (0...Int64.max >> 2).contains(last.decodeTime) else {
            throw TransportStreamError(.invalidTime, "a decode time of \(first.decodeTime) to \(last.decodeTime)")
        }
        for sample in samples.dropFirst() {
            guard sample.decodeTime > previous else {
                throw TransportStreamError(.invalidTime, "decode time \(sample.decodeTime) after \(previous)")
            }
            previous = sample.decodeTime
        }
        let seconds = (last.decodeTime - first.decodeTime + Int64(last.duration)) / Int64(timescale)
        guard seconds < SegmentPlan.longestSegment else {
            throw TransportStreamError(.invalidTime, "a segment of \(seconds) seconds")
        }
    }

    private func ticks(_ value: Int64) throws(TransportStreamError) -> Int64 {
        guard let ticks = TransportTime.ticks(value, timescale: timescale) else {
            throw TransportStreamError(.invalidTime, "a time of \(value) at \(timescale) Hz")
        }
        return ticks
    }
}
