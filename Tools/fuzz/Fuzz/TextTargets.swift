import CPIX
import CommonEncryption
import DASH
import HLS
import Media
import OpenSSLCrypto
import Origin
import Packager
import Probe
import Settings
import ViewerTokens

extension FuzzTarget {
    static let profile = FuzzTarget(name: "profile") { input in
        guard let text = String(validating: input, as: UTF8.self) else { return }
        let result = ChannelProfile.load(
            text: text, file: "profile.yaml", directory: "/nonexistent", environment: ["KEY": "secret"], purpose: .check
        )
        require(result.profile != nil || !result.diagnostics.isEmpty, "no profile, and no word why")
    }

    static let daemonConfiguration = FuzzTarget(name: "sluice-yaml") { input in
        guard let text = String(validating: input, as: UTF8.self) else { return }
        let result = DaemonConfiguration.load(
            text: text, file: "sluice.yaml", directory: "/nonexistent", purpose: .check)
        require(result.configuration != nil || !result.diagnostics.isEmpty, "no configuration, and no word why")
    }

    /// A key provider's answer.
    static let cpix = FuzzTarget(name: "cpix") { input in
        guard let document = try? CPIXDocument(parsing: input) else { return }
        require((try? CPIXDocument(parsing: document.xml)) != nil, "what was written cannot be read")
    }

    /// The probe's readers of playlists.
    static let hls = FuzzTarget(name: "hls") { input in
        guard let text = String(validating: input, as: UTF8.self) else { return }
        if let playlist = try? MediaPlaylist(parsing: text) { _ = playlist.serialize() }
        if let playlist = try? MultivariantPlaylist(parsing: text) { _ = playlist.serialize() }
    }

    static let dash = FuzzTarget(name: "dash") { input in
        if let mpd = try? MPD(parsing: input) { _ = mpd.serialize() }
        if let mpd = try? MPD(parsing: patched, patchedBy: input) { _ = mpd.serialize() }
    }

    /// An MPD for inputs that are patches.
    private static let patched = Array(
        """
        <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" id="x" profiles="p" minBufferTime="PT2S"
          publishTime="1970-01-01T00:00:01Z"><Period id="a"><AdaptationSet id="1"><SegmentTemplate media="$Number$">
        <SegmentTimeline><S t="0" d="2" r="3"/></SegmentTimeline></SegmentTemplate>
        <Representation id="r" bandwidth="1"/></AdaptationSet></Period></MPD>
        """.utf8)

    /// The probe's reader of transport streams.
    static let transportStream = FuzzTarget(name: "transport-stream") { input in
        _ = TransportStreamSegment.looksClear(input)
        // Whole packets: the rest of an input stands for nothing.
        let bytes = Array(input.prefix(input.count / 188 * 188))
        var segment = TransportStreamSegment(parsing: bytes)
        _ = (segment.facts, segment.mediaIssues)
        guard segment.hasProtectedStreams, let key = ContentKey([UInt8](0..<16)) else { return }
        var evidence = SoundEvidence()
        _ = segment.open(key: key, iv: [UInt8](repeating: 7, count: 16), evidence: &evidence)
    }

    /// A path of ours has one spelling.
    static let resourcePath = FuzzTarget(name: "resource-path") { input in
        let uri = String(decoding: input, as: UTF8.self)
        guard let path = ResourcePath(parsing: uri) else { return }
        let end = uri.firstIndex { $0 == "?" || $0 == "#" } ?? uri.endIndex
        require(
            ResourcePath(parsing: String(uri[..<end]))?.resource == path.resource, "\(uri) and its path name two things"
        )
        _ = DeliveryDirectives(query: path.query ?? "")
        _ = try? ManifestQuery(parsing: path.query)
    }

    /// A token of a stranger opens nothing.
    static let viewerToken = FuzzTarget(name: "viewer-token") { input in
        guard let secret = TokenSecret([UInt8](repeating: 0x41, count: 32)) else { return }
        let text = String(decoding: input, as: UTF8.self)
        _ = try? ViewerToken(verifying: text, by: [secret], now: 1_800_000_000)
        // As if signed: what is in it is read too.
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return }
        _ = try? ViewerToken(verifying: signed("\(parts[0]).\(parts[1])"), by: [secret], now: 1_800_000_000)
    }

    private static func signed(_ text: String) -> String {
        text + "." + Base64URL.encode(hmacSHA256(Array(text.utf8), key: [UInt8](repeating: 0x41, count: 32)))
    }
}
