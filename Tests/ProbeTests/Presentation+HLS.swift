import CommonEncryption
import HLS
import Media

extension Presentation {
    /// What a media playlist lists.
    struct Listing {
        var name: String
        var suffix: String
        var map: MediaInitialization?
        var isMapClear = false
        var isOfIFrames = false
        var keys: (UInt64) -> [Key] = { _ in [] }
        var tags: (UInt64) -> [String] = { _ in [] }
        /// Nil where each segment is a file.
        var range: ((UInt64) -> ByteRange)?

        func playlist(_ numbers: some Sequence<UInt64>) -> MediaPlaylist {
            let segments = numbers.map { number in
                MediaSegment(
                    uri: range == nil ? "\(number).\(suffix)" : "all.\(suffix)",
                    duration: SegmentDuration(RecordedMedia.duration), byteRange: range?(number),
                    programDateTime: Ticks(Int64(number) * 1024, timescale: 1000), keys: keys(number), map: map,
                    isMapClear: isMapClear, unknownTags: tags(number))
            }
            return MediaPlaylist(
                targetDuration: 1, mediaSequence: numbers.first { _ in true } ?? 0, hasIndependentSegments: true,
                isIFramesOnly: isOfIFrames, segments: segments)
        }
    }

    static var all: ClosedRange<UInt64> { numbers.lowerBound...numbers.upperBound + 1 }

    static func manifest(_ text: String) -> File {
        File(type: playlistType, bytes: Array(text.utf8), cache: manifestCache)
    }

    mutating func addClear(_ media: [RecordedMedia]) throws {
        for media in [media[0], media[0].named("low"), media[1]] {
            addFiles(media, nil) { media.clear($0) }
            add(Listing(name: media.track.name, suffix: "m4s", map: MediaInitialization(uri: "init.mp4")))
        }
        var pictures: [UInt8] = []
        var ranges: [UInt64: ByteRange] = [:]
        for number in Self.all {
            let bytes = media[0].firstPictures(number)
            ranges[number] = ByteRange(length: UInt64(bytes.count), offset: UInt64(pictures.count))
            pictures += bytes
        }
        files["/iframes/all.m4s"] = File(type: "video/mp4", bytes: pictures)
        add(
            Listing(
                name: "iframes", suffix: "m4s", map: MediaInitialization(uri: "../video/init.mp4"), isOfIFrames: true,
                range: { ranges[$0] ?? ByteRange(length: 1) }))
        addMultivariant(media, usesGroup: true) { playlist in
            var low = playlist.variants[0]
            low.uri = "low/playlist.m3u8"
            playlist.variants.append(low)
            playlist.iFrameVariants = [
                IFrameVariant(
                    uri: "iframes/playlist.m3u8", bandwidth: 1_000_000, codecs: [media[0].track.codec.rfc6381],
                    resolution: Resolution(width: 320, height: 180))
            ]
        }
        addSubtitles()
    }

    /// A WebVTT file a segment, beside a multivariant playlist that is there.
    private mutating func addSubtitles(_ key: ContentKey? = nil) {
        for number in Self.all {
            let text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:\(number * 92160),LOCAL:00:00:00.000\n\n"
            let cue = "00:00:00.000 --> 00:00:01.000\n\(number)\n"
            let bytes = Array((text + cue).utf8)
            let protected = key.flatMap { try? AES128Segment.protect(bytes.span, key: $0, iv: Self.iv(number)) }
            files["/text/\(number).vtt"] = File(type: "text/vtt", bytes: protected ?? bytes)
        }
        add(
            Listing(
                name: "text", suffix: "vtt",
                keys: { key == nil ? [] : [Key(method: .aes128, uri: Self.keyPath, iv: Self.iv($0))] }))
        let line = "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"texts\",NAME=\"English\",URI=\"text/playlist.m3u8\"\n"
        edit("/index.m3u8") { text in
            text.replacing(
                "#EXT-X-STREAM-INF:", with: line + "#EXT-X-STREAM-INF:SUBTITLES=\"texts\",", maxReplacements: 1)
        }
    }

    /// AES-128 over the whole of each segment, with an ad break.
    mutating func addTransportStream(_ media: [RecordedMedia], _ key: ContentKey) throws {
        for number in Self.all {
            let clear = try RecordedMedia.transportStream(number, media)
            files["/video/\(number).ts"] = File(
                type: "video/mp2t", bytes: try AES128Segment.protect(clear.span, key: key, iv: Self.iv(number)))
        }
        let range = DateRange(
            id: "break", startDate: Ticks(1002 * 1024, timescale: 1000),
            plannedDuration: Ticks(2048, timescale: 1000), spliceOut: Self.section)
        add(
            Listing(
                name: "video", suffix: "ts",
                keys: { [Key(method: .aes128, uri: Self.keyPath, iv: Self.iv($0))] },
                tags: { number in
                    switch number {
                    case 1002: [range.line, "#EXT-X-CUE-OUT:2.048"]
                    case 1003: ["#EXT-X-CUE-OUT-CONT:1.024/2.048"]
                    case 1004: ["#EXT-X-CUE-IN"]
                    default: []
                    }
                }))
        addMultivariant(media, usesGroup: false)
    }

    static func iv(_ number: UInt64) -> [UInt8] { Array(repeating: 7, count: 15) + [UInt8(truncatingIfNeeded: number)] }

    /// SCTE 35 2023r1, clause 14.1: time_signal, placement opportunity start.
    static let section: [UInt8] = {
        let text =
            "FC3034000000000000FFFFF00506FE72BD0050001E021C435545494800008E7FCF0001A599B00808000000002CA0A18A3402009AC9D17E"
        return stride(from: 0, to: text.utf8.count, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
    }()

    mutating func addSampleAES(_ media: [RecordedMedia]) throws {
        let key = try RecordedMedia.sampleAESKey()
        for number in Self.all {
            files["/video/\(number).ts"] = File(
                type: "video/mp2t", bytes: try RecordedMedia.transportStream(number, media, sampleAES: [key, key]))
        }
        add(
            Listing(
                name: "video", suffix: "ts",
                keys: { _ in [Key(method: .sampleAES, uri: Self.keyPath, iv: key.iv)] }))
        addMultivariant(media, usesGroup: false)
    }

    /// AES-128 over fragments; the header stays clear.
    mutating func addWholeFiles(_ media: [RecordedMedia], _ key: ContentKey) throws {
        for media in media {
            try addFiles(media, nil) {
                try AES128Segment.protect(media.clear($0).span, key: key, iv: Self.iv($0))
            }
            add(
                Listing(
                    name: media.track.name, suffix: "m4s", map: MediaInitialization(uri: "init.mp4"), isMapClear: true,
                    keys: { [Key(method: .aes128, uri: Self.keyPath, iv: Self.iv($0))] }))
        }
        addMultivariant(media, usesGroup: true)
        addSubtitles(key)
    }

    mutating func addSamples(_ media: [RecordedMedia], _ key: ContentKey) throws {
        let line = Key(
            method: .sampleAES, uri: Self.keyPath, keyFormat: "identity", keyID: RecordedMedia.keyID)
        for media in media {
            try addFiles(media, .cbcs) { try media.protected($0, .cbcs, key: key) }
            add(
                Listing(
                    name: media.track.name, suffix: "m4s", map: MediaInitialization(uri: "init.mp4"),
                    keys: { _ in [line] }))
        }
        addMultivariant(media, usesGroup: true)
    }

    // MARK: Low latency

    /// Before those of the others, so that there is something to skip.
    static let oldest: UInt64 = 994
    private static let partTarget = Ticks(342, timescale: 1000)

    /// Parts of a third of a segment; one of segment 1006 is there.
    mutating func addLowLatency(_ media: [RecordedMedia]) throws {
        for (media, other) in zip(media, media.reversed()) {
            let name = media.track.name
            files["/\(name)/init.mp4"] = File(type: "\(name)/mp4", bytes: media.header(nil))
            for number in Self.oldest...Self.numbers.upperBound + 1 {
                let parts = media.parts(number)
                files["/\(name)/\(number).m4s"] = File(type: "\(name)/mp4", bytes: Array(parts.joined()))
                for (index, part) in parts.enumerated() where number > Self.numbers.upperBound - 2 {
                    files["/\(name)/\(number).\(index).m4s"] = File(type: "\(name)/mp4", bytes: part)
                }
            }
            let (first, later) = (playlist(media, other, parts: 1), playlist(media, other, parts: 2))
            var delta = first
            delta.skip = Skip(segments: 6)
            delta.segments.removeFirst(6)
            let path = "/\(name)/playlist.m3u8"
            files[path] = Self.manifest(first.serialize())
            files["\(path)?_HLS_skip=YES"] = Self.manifest(delta.serialize())
            files["\(path)?_HLS_msn=1006&_HLS_part=1"] = Self.manifest(later.serialize())
            files["\(path)?_HLS_part=0"] = File(type: "text/plain", bytes: [], status: 400)
        }
        addMultivariant(media, usesGroup: true)
    }

    private func playlist(_ media: RecordedMedia, _ other: RecordedMedia, parts: Int) -> MediaPlaylist {
        let name = media.track.name
        var playlist = Listing(name: name, suffix: "m4s", map: MediaInitialization(uri: "init.mp4"))
            .playlist(Self.oldest...Self.numbers.upperBound)
        func part(_ number: UInt64, _ index: Int) -> PartialSegment {
            PartialSegment(
                uri: "\(number).\(index).m4s",
                duration: Ticks(Int64(media.ticks / 3), timescale: media.track.timescale),
                isIndependent: index == 0 || media.track.kind == .audio)
        }
        for place in playlist.segments.indices.suffix(2) {
            playlist.segments[place].parts = (0..<3).map { part(Self.oldest + UInt64(place), $0) }
        }
        let next = Self.numbers.upperBound + 1
        playlist.segmentInProgress = SegmentInProgress(
            programDateTime: Ticks(Int64(next) * 1024, timescale: 1000), map: playlist.segments[0].map,
            parts: (0..<parts).map { part(next, $0) })
        playlist.serverControl = ServerControl(
            canBlockReload: true, canSkipUntil: Ticks(6, timescale: 1), holdBack: Ticks(3, timescale: 1),
            partHoldBack: Ticks(11, timescale: 10))
        playlist.partInformation = PartInformation(target: Self.partTarget)
        playlist.preloadHints = [PreloadHint(kind: .part, uri: "\(next).\(parts).m4s")]
        playlist.renditionReports = [
            RenditionReport(
                uri: "../\(other.track.name)/playlist.m3u8", lastSequence: next, lastPart: UInt64(parts - 1))
        ]
        return playlist
    }

    // MARK: Files

    mutating func addFiles(
        _ media: RecordedMedia, _ scheme: ProtectionScheme?, _ segment: (UInt64) throws -> [UInt8]
    ) rethrows {
        let type = media.track.kind == .video ? "video/mp4" : "audio/mp4"
        files["/\(media.track.name)/init.mp4"] = File(type: type, bytes: media.header(scheme))
        for number in Self.all {
            files["/\(media.track.name)/\(number).m4s"] = File(type: type, bytes: try segment(number))
        }
    }

    private mutating func add(_ listing: Listing) {
        let path = "/\(listing.name)/playlist.m3u8"
        files[path] = Self.manifest(listing.playlist(Self.numbers).serialize())
        later[path] = Self.manifest(listing.playlist(Self.all.dropFirst()).serialize())
    }

    private mutating func addMultivariant(
        _ media: [RecordedMedia], usesGroup: Bool, _ change: (inout MultivariantPlaylist) -> Void = { _ in }
    ) {
        var playlist = MultivariantPlaylist(hasIndependentSegments: true)
        if usesGroup {
            playlist.renditions = [
                Rendition(
                    kind: .audio, groupID: "audio", name: "sound", isDefault: true, uri: "audio/playlist.m3u8")
            ]
        }
        playlist.variants = [
            Variant(
                uri: "video/playlist.m3u8", bandwidth: 1_000_000, codecs: media.map(\.track.codec.rfc6381),
                resolution: Resolution(width: 320, height: 180), audio: usesGroup ? "audio" : nil)
        ]
        change(&playlist)
        files["/index.m3u8"] = Self.manifest(playlist.serialize())
    }
}
