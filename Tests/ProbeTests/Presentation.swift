import CommonEncryption
import CurlHTTP
import DASH
import HLS
import LoopbackServer
import Media
import Probe

/// A whole presentation as files of a web server, made right, for tests to break one thing in it.
struct Presentation {
    struct File {
        var type: String
        var bytes: [UInt8]
        var status = 200
        var cache = "public, max-age=31536000, immutable"

        var text: String {
            get { String(decoding: bytes, as: UTF8.self) }
            set { bytes = Array(newValue.utf8) }
        }
    }

    enum Kind: String, CaseIterable { case clear, transportStream, sampleAES, cbcs, dash }

    static let numbers: ClosedRange<UInt64> = 1000...1003
    static let keyPath = "/keys/\(RecordedMedia.keyID.uuid)"
    private static let playlistType = "application/vnd.apple.mpegurl"
    private static let manifestCache = "public, max-age=1"

    var files: [String: File] = [:]
    /// Of the manifest that the walk starts with.
    let path: String

    init(_ kind: Kind) throws {
        let media = [try RecordedMedia.video(), try RecordedMedia.audio()]
        let key = try RecordedMedia.key()
        files[Self.keyPath] = File(
            type: "application/octet-stream", bytes: RecordedMedia.keyBytes, cache: "private, no-store")
        files["/time"] = File(type: "text/plain", bytes: Array("1970-01-01T00:17:09Z".utf8), cache: "no-store")
        path = kind == .dash ? "/index.mpd" : "/index.m3u8"
        switch kind {
        case .clear, .cbcs:
            for media in media { try addTrack(media, kind == .cbcs ? .cbcs : nil, key) }
            try addMultivariant(media, usesGroup: true)
        case .transportStream:
            try addTransportStream(media, key)
            try addMultivariant(media, usesGroup: false)
        case .sampleAES:
            try addSampleAES(media)
            try addMultivariant(media, usesGroup: false)
        case .dash:
            for media in media { try addTrack(media, .cenc, key) }
            addMPD(media)
        }
    }

    private mutating func addTrack(_ media: RecordedMedia, _ scheme: ProtectionScheme?, _ key: ContentKey) throws {
        let name = media.track.name
        let type = "\(name)/mp4"
        files["/\(name)/init.mp4"] = File(type: type, bytes: media.header(scheme))
        for number in Self.numbers {
            let bytes = try scheme.map { try media.protected(number, $0, key: key) } ?? media.clear(number)
            files["/\(name)/\(number).m4s"] = File(type: type, bytes: bytes)
        }
        let keys =
            scheme == nil
            ? []
            : [Key(method: .sampleAES, uri: Self.keyPath, keyFormat: "identity", keyID: RecordedMedia.keyID)]
        addPlaylist(name, keys: { _ in keys }, map: MediaInitialization(uri: "init.mp4"), suffix: "m4s")
    }

    private mutating func addTransportStream(_ media: [RecordedMedia], _ key: ContentKey) throws {
        func iv(_ number: UInt64) -> [UInt8] { Array(repeating: 7, count: 15) + [UInt8(truncatingIfNeeded: number)] }
        for number in Self.numbers {
            let clear = try RecordedMedia.transportStream(number, media)
            files["/video/\(number).ts"] = File(
                type: "video/mp2t", bytes: try AES128Segment.protect(clear.span, key: key, iv: iv(number)))
        }
        addPlaylist(
            "video", keys: { [Key(method: .aes128, uri: Self.keyPath, iv: iv($0))] }, map: nil, suffix: "ts")
    }

    private mutating func addSampleAES(_ media: [RecordedMedia]) throws {
        let key = try RecordedMedia.sampleAESKey()
        for number in Self.numbers {
            files["/video/\(number).ts"] = File(
                type: "video/mp2t",
                bytes: try RecordedMedia.transportStream(number, media, sampleAES: [key, key]))
        }
        addPlaylist(
            "video", keys: { _ in [Key(method: .sampleAES, uri: Self.keyPath, iv: key.iv)] }, map: nil, suffix: "ts")
    }

    private mutating func addPlaylist(
        _ name: String, keys: (UInt64) -> [Key], map: MediaInitialization?, suffix: String
    ) {
        let playlist = MediaPlaylist(
            targetDuration: 1, mediaSequence: Self.numbers.lowerBound, hasIndependentSegments: true,
            segments: Self.numbers.map { number in
                MediaSegment(
                    uri: "\(number).\(suffix)", duration: SegmentDuration(RecordedMedia.duration),
                    programDateTime: Ticks(Int64(number) * 1024, timescale: 1000), keys: keys(number), map: map)
            })
        files["/\(name)/playlist.m3u8"] = File(
            type: Self.playlistType, bytes: Array(playlist.serialize().utf8), cache: Self.manifestCache)
    }

    private mutating func addMultivariant(_ media: [RecordedMedia], usesGroup: Bool) throws {
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
        files["/index.m3u8"] = File(
            type: Self.playlistType, bytes: Array(playlist.serialize().utf8), cache: Self.manifestCache)
    }

    /// Two periods of two segments each, the second a continuation of the first.
    private mutating func addMPD(_ media: [RecordedMedia]) {
        let halves = [Array(Self.numbers.prefix(2)), Array(Self.numbers.suffix(2))]
        let periods = halves.map { numbers -> Period in
            let start = Ticks(Int64(numbers[0]) * 1024, timescale: 1000)
            return Period(
                id: "p\(numbers[0])", start: start,
                adaptationSets: media.enumerated().map { index, media in
                    let ticks = UInt64(media.ticks)
                    let template = SegmentTemplate(
                        timescale: media.track.timescale, presentationTimeOffset: numbers[0] * ticks,
                        startNumber: numbers[0], media: "$RepresentationID$/$Number$.m4s",
                        initialization: "$RepresentationID$/init.mp4",
                        addressing: .timeline(
                            SegmentTimeline(runs: [.init(start: numbers[0] * ticks, duration: ticks, repeats: 1)])))
                    return AdaptationSet(
                        id: UInt32(index + 1), mimeType: "\(media.track.name)/mp4",
                        contentProtections: [
                            .commonEncryption(.cenc, defaultKeyID: RecordedMedia.keyID),
                            .clearKey(licenseURL: "http://127.0.0.1/clearkey"),
                        ],
                        supplementalProperties: numbers[0] == 1000 ? [] : [.periodContinuity(with: "p1000")],
                        segmentTemplate: template,
                        representations: [
                            Representation(
                                id: media.track.name, bandwidth: 1_000_000, codecs: media.track.codec.rfc6381)
                        ])
                })
        }
        let mpd = MPD(
            type: .dynamic, availabilityStartTime: Ticks(0, timescale: 1), publishTime: Ticks(1028, timescale: 1),
            minimumUpdatePeriod: Ticks(2, timescale: 1), minBufferTime: Ticks(1, timescale: 1),
            timeShiftBufferDepth: Ticks(5, timescale: 1), maxSegmentDuration: RecordedMedia.duration,
            periods: periods, utcTimings: [.httpXSDate("time")])
        files["/index.mpd"] = File(
            type: "application/dash+xml", bytes: Array(mpd.serialize().utf8), cache: Self.manifestCache)
    }

    /// Serves the files and walks them, at a time when the newest segment has just ended.
    ///
    /// - Parameters:
    ///   - token: the probe's own.
    ///   - guarding: what `Authorization` must say for keys whose URLs have no query.
    func probe(seconds: Int = 0, token: String? = nil, guarding: String? = nil) async throws -> ProbeReport {
        let files = files
        let server = try CannedServer { request in
            let target = String(request.line.split(separator: " ")[1])
            let path = String(target.prefix { $0 != "?" })
            if let guarding, path == Self.keyPath, request.headers["authorization"] != guarding, path == target {
                return .http(403)
            }
            guard let file = files[path] else { return .http(404) }
            return .http(file.status, [("Content-Type", file.type), ("Cache-Control", file.cache)], file.bytes)
        }
        defer { server.stop() }
        let probe = StreamProbe(
            .init(url: server.url + path, keyServer: server.url, token: token.map { HTTPSecret($0) }, seconds: seconds),
            client: try HTTPClient(),
            now: { 1004 * 1024 + 300 })
        return await probe.run()
    }
}
