import CommonEncryption
import DASH
import HLS
import ISOBMFF
import Keys
import Media
import MediaMemory
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// What manifests and boxes say of keys, over schemes, systems and ways of rotation. Keys change after five segments.
@Suite struct SignallingTests {
    private let stage: Stage

    init() throws { stage = try Stage([Array(0..<8)]) }

    private func endpoint(
        _ package: EndpointProfile.Package, _ container: EndpointProfile.Container,
        _ method: EndpointEncryption.Method, _ systems: [DRMSystemID],
        _ signalling: EndpointEncryption.RotationSignalling = .manifest
    ) -> EndpointProfile {
        var encryption = Stage.encryption(method, systems)
        encryption.rotationSignalling = signalling
        return EndpointProfile(
            id: "e", package: package, container: container, windowSeconds: 20, encryption: encryption)
    }

    /// The window with keys of which the provider said nothing but the bytes.
    private func bareWindow(_ endpoint: EndpointProfile) throws -> EndpointWindow {
        let window = try stage.window(endpoint)
        let segments = try window.segments.map { segment in
            let keys = try SyntheticKeys.keys(of: segment.run.keyPeriod, systems: [])
            return BoundSegment(segment: segment.segment, keys: keys, run: segment.run)
        }
        return EndpointWindow(
            endpoint: endpoint, revision: window.revision, numbering: window.numbering,
            segments: BoundSegments(segments),
            trackSets: window.trackSets, changedAtMilliseconds: window.changedAtMilliseconds, isEnded: false,
            nominalBitrates: window.nominalBitrates)
    }

    @Test func whatTheProviderLeftEmptyIsMade() throws {
        let endpoint = endpoint(.hls, .cmaf, .commonEncryption(.cbcs), [.widevine, .playReady, .common])
        let window = try bareWindow(endpoint)
        let playlist = try MediaPlaylist(parsing: PlaylistPackager.media("720p", window))
        let keys = playlist.segments[0].keys
        #expect(keys.map(\.keyFormat) == ["urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "com.microsoft.playready"])
        #expect(keys.allSatisfy { $0.method == .sampleAES && $0.iv != nil })
        let multivariant = try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(window))
        // Two systems, and a key for video and another for audio.
        #expect(multivariant.sessionKeys.count == 4)
        let (_, track) = try stage.clear(Stage.number, "720p")
        let header = try SegmentPackager.header(of: track, endpoint: endpoint, keys: window.segments[0].keys)
        let boxes = try #require(try CMAFHeader(parsing: header.span).protection).systemBoxes
        let systems = try boxes.map { try ProtectionSystemSpecificHeader(parsing: $0.span).systemID }
        #expect(systems == [.widevine, .playReady, .common])
    }

    @Test func withoutAnythingAPlayerCouldAskByThereIsNoPlaylist() throws {
        let window = try bareWindow(endpoint(.hls, .cmaf, .commonEncryption(.cbcs), [.fairPlay]))
        #expect(throws: PackagingError.noSignalling(track: "720p")) { try PlaylistPackager.media("720p", window) }
    }

    @Test func sampleAESInTransportStreams() throws {
        let endpoint = endpoint(.hls, .ts, .sampleAES, [.aes128])
        let window = try stage.window(endpoint)
        let playlist = try MediaPlaylist(parsing: PlaylistPackager.media("720p", window))
        let keys = try #require(window.segments.first?.keys)
        let line = try #require(playlist.segments.first?.keys.first)
        #expect(line.method == .sampleAES && line.keyFormat == Key.identity && line.iv == keys.video.constantIV)
        #expect(playlist.segments.allSatisfy { $0.keys.count == 1 && $0.map == nil })
        let share = try stage.clear(Stage.number, "720p")
        var clear = endpoint
        clear.encryption = nil
        let protected = try SegmentPackager.transportStream(
            [share], number: Stage.number, endpoint: endpoint, keys: keys)
        let plain = try SegmentPackager.transportStream([share], number: Stage.number, endpoint: clear, keys: nil)
        #expect(protected.count % 188 == 0 && protected != plain)
        #expect(throws: PackagingError.noKey(track: "720p")) {
            try SegmentPackager.transportStream([share], number: Stage.number, endpoint: endpoint, keys: nil)
        }
    }

    /// The header is in the clear: EXT-X-MAP stands before the first EXT-X-KEY, and later under METHOD=NONE.
    @Test func wholeSegmentsOfCMAF() throws {
        let stage = try Stage([Array(0..<3), Array(3..<5)])
        let endpoint = endpoint(.hls, .cmaf, .aes128, [.aes128])
        let window = try stage.window(endpoint)
        let lines = try PlaylistPackager.media("720p", window).split(separator: "\n").map(String.init)
        let order = lines.compactMap { line -> String? in
            if line.hasPrefix("#EXT-X-MAP") { return "map" }
            if line == "#EXT-X-KEY:METHOD=NONE" { return "none" }
            return line.hasPrefix("#EXT-X-KEY") ? "key" : nil
        }
        #expect(order == ["map", "key", "key", "key", "none", "map", "key", "key"])
        let keys = try #require(window.segments.first?.keys)
        let (bytes, track) = try stage.clear(Stage.number, "720p")
        let protected = try SegmentPackager.cmaf(
            bytes, number: Stage.number, track: track, endpoint: endpoint, keys: keys)
        let iv = AES128Segment.iv(keyID: keys.video.keyID, trackIndex: track.index, .segment(Stage.number))
        #expect(try AES128Segment.open(protected.span, key: keys.video.key, iv: iv) == bytes)
        #expect(try SegmentPackager.header(of: track, endpoint: endpoint, keys: keys) == track.header)
    }

    @Test(arguments: [ProtectionScheme.cenc, .cbcs]) func fragmentsSayTheirKeysToo(_ scheme: ProtectionScheme) throws {
        let endpoint = endpoint(.hls, .cmaf, .commonEncryption(scheme), [.widevine, .clearKey], .both)
        let window = try bareWindow(endpoint)
        let (bytes, track) = try stage.clear(Stage.number + 6, "720p")
        let keys = try #require(window.segment(Stage.number + 6)?.keys)
        let protected = try SegmentPackager.cmaf(
            bytes, number: Stage.number + 6, track: track, endpoint: endpoint, keys: keys
        ).array
        let dump = BoxDump().text(of: protected.span)
        #expect(dump.contains("sgpd") && dump.contains("sbgp") && dump.contains(keys.video.keyID.hex))
        #expect(dump.matches(of: /pssh size/).count == 2 * dump.matches(of: /moof size/).count)
        #expect(window.endpoint.hasKeyInHeader)
    }

    /// One Period over the key's change, and a header that holds no KID.
    @Test func keysInSegmentsAlone() throws {
        let endpoint = endpoint(.dash, .cmaf, .commonEncryption(.cenc), [.widevine], .inband)
        let window = try stage.window(endpoint)
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(window).utf8))
        #expect(mpd.periods.count == 1)
        #expect(
            mpd.periods[0].adaptationSets.allSatisfy { $0.contentProtections.allSatisfy { $0.defaultKeyID == nil } })
        let (_, track) = try stage.clear(Stage.number, "720p")
        let header = try SegmentPackager.header(of: track, endpoint: endpoint, keys: window.segments[0].keys)
        let protection = try #require(try CMAFHeader(parsing: header.span).protection)
        #expect(protection.defaultKeyID.bytes.allSatisfy { $0 == 0 } && protection.scheme == .cenc)
        #expect(throws: PackagingError.noKey(track: "720p")) {
            try SegmentPackager.header(of: track, endpoint: endpoint, keys: nil)
        }
    }

    /// Rungs of different sizes under different keys, and audio that the contract leaves alone.
    @Test func everyRungHasTheKeyOfItsSize() throws {
        let tracks = try ["720p", "360p", "stereo"].map { try stage.clear(Stage.number, $0).track }
        let entries = ContractEntry.video(preset: 5)
        var secrets: [TrackKey] = []
        for entry in entries.indices { secrets.append(try SyntheticKeys.keys(of: KeyPeriod(UInt64(entry))).video) }
        let keys = PeriodKeys(7, Array(zip(entries, secrets)), unencrypted: .audio)
        for (size, index) in [
            ((640, 360), 0), ((1280, 720), 1), ((1920, 1080), 2), ((4096, 2160), 3), ((7680, 4320), 4),
        ] {
            var track = tracks[0].track
            guard case .avc(let record, _, _) = track.codec else { continue }
            track.codec = .avc(record, width: UInt16(size.0), height: UInt16(size.1))
            #expect(keys.key(for: track)?.keyID == secrets[index].keyID, "\(entries[index].intendedTrackType)")
        }
        let endpoint = endpoint(.dash, .cmaf, .commonEncryption(.cbcs), [.widevine])
        let header = try SegmentPackager.header(of: tracks[2], endpoint: endpoint, keys: keys)
        #expect(header == tracks[2].header, "unencrypted by the contract")
        let (bytes, _) = try stage.clear(Stage.number, "stereo")
        #expect(
            try SegmentPackager.cmaf(bytes, number: Stage.number, track: tracks[2], endpoint: endpoint, keys: keys)
                .array
                == bytes)
    }
}
