import ChunkStream
import ISOBMFF
import Media
import MediaMemory
import Timeline

extension FuzzTarget {
    /// The first byte chooses the direction and how the rest is cut; what was read and written again is the same.
    static let chunkStream = FuzzTarget(name: "chunk-stream") { input in
        var input = Input(input)
        let flags = input.byte()
        var frames = FrameReader()
        while !input.isEmpty {
            input.bytes(flags & 127 == 0 ? 1 << 20 : Int(flags & 127)).withUnsafeBytes { frames.append($0) }
            while true {
                guard let next = try? frames.next() else { break }
                if flags & 128 == 0 { readWorkerMessage(next) } else { readDaemonMessage(next) }
            }
        }
    }

    private static func readWorkerMessage(_ frame: (type: UInt8, body: [UInt8])) {
        guard let message = try? WorkerMessage(type: frame.type, body: frame.body) else { return }
        require(Array(message.serialize().dropFirst(5)) == frame.body, "\(message) is written in another way")
        guard case .tracks(let tracks) = message else { return }
        for (index, track) in tracks.enumerated() {
            _ = try? StoredTrack(
                name: track.name, reorderDelay: track.reorderDelay, frameRate: track.frameRate, index: UInt8(index),
                header: track.header)
        }
    }

    private static func readDaemonMessage(_ frame: (type: UInt8, body: [UInt8])) {
        guard let message = try? DaemonMessage(type: frame.type, body: frame.body) else { return }
        guard let written = try? message.serialize() else { return }
        let again = try? DaemonMessage(type: frame.type, body: Array(written.dropFirst(5)))
        require(again == message, "\(message) is not what it is after writing and reading")
    }

    /// What is read of a header and written again is read as the same.
    static let cmafHeader = FuzzTarget(name: "cmaf-header") { input in
        _ = BoxDump(listsEntries: true).text(of: input.span)
        guard let header = try? CMAFHeader(parsing: input.span, name: "track") else { return }
        _ = (header.track.codec.rfc6381, header.track.codec.pictureSize, header.track.codec.channelCount)
        let written = header.serialize()
        let again = try? CMAFHeader(parsing: written.span, name: "track")
        require(again?.track == header.track && again?.protection == header.protection, "\(header) has another form")
    }

    /// A worker's chunks: each a track, a segment near the one that is due, whether it ends it, and its bytes.
    static let cmafChunk = FuzzTarget(name: "cmaf-chunk") { input in
        _ = BoxDump(listsEntries: true).text(of: input.span)
        var input = Input(input)
        guard let tracks else { return }
        var assembly = SegmentAssembly(
            tracks: tracks, segmentDuration: Ticks(6, timescale: 1), firstNumber: firstSegment)
        while !input.isEmpty {
            let flags = input.byte()
            let segment = firstSegment + UInt64(flags >> 2 & 7)
            let bytes = input.bytes(input.number16())
            let whole = try? assembly.append(
                track: Int(flags & 1), segment: segment, endsSegment: flags & 2 != 0, bytes: bytes)
            for segment in whole ?? [] { check(segment) }
            checkSamples(bytes)
        }
        for segment in assembly.finish() { check(segment) }
    }

    /// A worker's sheet of thumbnails: what the window takes is a JPEG image of the size that was announced.
    static let sheet = FuzzTarget(name: "sheet") { input in
        let image = try? JPEGPicture(parsing: input.span)
        let tiles = PictureTiles(width: 32, height: 18, columns: 2, rows: 1)
        let track = Track(name: "thumbnails", timescale: 90000, codec: .jpeg(tiles))
        var assembly = SegmentAssembly(
            tracks: [track], segmentDuration: Ticks(6, timescale: 1), firstNumber: firstSegment)
        let sample = Sample(
            decodeTime: Int64(firstSegment) * 540_000, compositionOffset: 0, duration: 3000, isSync: true, data: input)
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: [sample])
        let whole = try? assembly.append(track: 0, segment: firstSegment, endsSegment: true, bytes: chunk)
        let isSheet = image?.width == tiles.sheetWidth && image?.height == tiles.sheetHeight
        require((whole?.isEmpty == false) == isSheet, "a sheet that is none, or none that is one")
        guard image != nil else { return }
        require(input.starts(with: [0xFF, 0xD8]) && input.suffix(2) == [0xFF, 0xD9], "more than an image")
    }

    private static func check(_ segment: SegmentAssembly.WholeSegment) {
        for (track, media) in zip(segment.tracks, segment.media) {
            let count = media.bytes.count
            require(track.byteCount == count, "a segment of another size than it says")
            require(track.chunks.reduce(0) { $0 + $1.byteCount } == count, "chunks of another size")
            // What is known of the chunks is what is read of the whole.
            guard count > 0 else { continue }
            require((try? ClearMedia(parsing: media.bytes)) == media, "samples elsewhere than the segment says")
        }
    }

    private static func checkSamples(_ bytes: [UInt8]) {
        for size in [nil, 8, 16] as [UInt8?] {
            guard let table = try? MovieFragmentTable(parsing: bytes.span, perSampleIVSize: size) else { continue }
            for fragment in table.fragments {
                for (index, sample) in fragment.samples.enumerated() {
                    require(
                        sample.offset >= 0 && sample.size >= 0 && sample.offset + sample.size <= bytes.count,
                        "a sample outside the bytes")
                    _ = (fragment.encryption?.iv(ofSample: index), fragment.encryption?.subsamples(ofSample: index))
                }
            }
        }
    }

    static let firstSegment: UInt64 = 1000

    static let tracks: [Track]? = {
        let sps: [UInt8] = [0x67, 0x64, 0, 0x0D, 0xAC, 0xD9, 0x41, 0x41]
        let pps: [UInt8] = [0x68, 0xEB, 0xE3, 0xCB]
        guard
            let record = try? AVCDecoderConfigurationRecord(sequenceParameterSets: [sps], pictureParameterSets: [pps]),
            let configuration = try? AudioSpecificConfig(parsing: [0x11, 0x90])
        else { return nil }
        return [
            Track(
                name: "video", timescale: 90000, codec: .avc(record, width: 854, height: 480), reorderDelay: 6000,
                frameRate: FrameRate(30)),
            Track(name: "audio", timescale: 48000, codec: .aac(configuration), language: "en"),
        ]
    }()
}
