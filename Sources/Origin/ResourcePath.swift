import Access
package import Media

/// What a request's path names: `/CHANNEL/ENDPOINT/…`. Parsing does no work that depends on what exists.
package struct ResourcePath: Hashable, Sendable {
    package enum Resource: Hashable, Sendable {
        /// `index.m3u8`
        case multivariantPlaylist
        /// `index.mpd`
        case mpd
        /// `patch.mpp`: what has changed in the MPD
        case mpdPatch
        /// `time`: the time of day, for UTCTiming
        case time
        /// `TRACK/playlist.m3u8`
        case mediaPlaylist(track: String)
        /// `TRACK/REVISION/init-GENERATION[-PERIOD].mp4`; the period as `7` or `7e1`
        case header(track: String, revision: String, generation: UInt64, period: KeyPeriod?)
        /// `TRACK/REVISION/NUMBER.m4s` or `.ts`
        case segment(track: String, revision: String, number: UInt64, isTransportStream: Bool)
        /// `TRACK/iframes.m3u8`
        case iFramePlaylist(track: String)
        /// `TRACK/REVISION/iframe-NUMBER.m4s` or `.ts`
        case iFrame(track: String, revision: String, number: UInt64, isTransportStream: Bool)
        /// `TRACK/subtitles.m3u8`
        case subtitlePlaylist(track: String)
        /// `TRACK/REVISION/NUMBER.vtt`
        case subtitles(track: String, revision: String, number: UInt64)
        /// `TRACK/images.m3u8`
        case imagePlaylist(track: String)
        /// `TRACK/REVISION/NUMBER.jpg`
        case image(track: String, revision: String, number: UInt64)
        /// `TRACK/REVISION/NUMBER.PART.m4s`
        case part(track: String, revision: String, number: UInt64, part: UInt64)
    }

    package let channel: String
    package let endpoint: String
    package let resource: Resource
    /// What follows the question mark, as it came; nil for media, which no query changes.
    package let query: String?

    static let maximumLength = 512

    init(channel: String, endpoint: String, resource: Resource) {
        self.channel = channel
        self.endpoint = endpoint
        self.resource = resource
        query = nil
    }

    /// Nil for every path that cannot name anything of ours.
    /// - Parameter target: of the request, in origin form or in absolute form (RFC 9112, clause 3.2), of which the
    ///   authority says nothing here.
    package init?(parsing target: String) {
        let uri = RequestTarget.originForm(target)
        // By bytes, as access rules read it.
        let path = uri.utf8.prefix { !Self.endsPath($0) }
        guard path.count <= Self.maximumLength, path.first == UInt8(ascii: "/") else { return nil }
        let parts = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            Substring($0)
        }
        guard (3...5).contains(parts.count), parts.allSatisfy({ Self.isName($0) }) else { return nil }
        channel = String(parts[0])
        endpoint = String(parts[1])
        let file = parts[parts.count - 1]
        switch parts.count {
        case 3 where file == "index.m3u8": resource = .multivariantPlaylist
        case 3 where file == "index.mpd": resource = .mpd
        case 3 where file == "patch.mpp": resource = .mpdPatch
        case 3 where file == "time": resource = .time
        case 4 where file == "playlist.m3u8": resource = .mediaPlaylist(track: String(parts[2]))
        case 4 where file == "iframes.m3u8": resource = .iFramePlaylist(track: String(parts[2]))
        case 4 where file == "subtitles.m3u8": resource = .subtitlePlaylist(track: String(parts[2]))
        case 4 where file == "images.m3u8": resource = .imagePlaylist(track: String(parts[2]))
        case 5:
            guard let found = Self.media(track: String(parts[2]), revision: String(parts[3]), file: file) else {
                return nil
            }
            resource = found
        default: return nil
        }
        query = Self.query(of: uri, for: resource)
    }

    private static func endsPath(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") }

    private static func query(of uri: Substring, for resource: Resource) -> String? {
        switch resource {
        case .multivariantPlaylist, .mpd, .mpdPatch, .mediaPlaylist, .iFramePlaylist, .imagePlaylist, .subtitlePlaylist:
            let rest = uri.utf8.drop { !endsPath($0) }
            guard rest.first == UInt8(ascii: "?") else { return nil }
            return String(Substring(rest.dropFirst().prefix { $0 != UInt8(ascii: "#") }))
        case .time, .header, .segment, .iFrame, .image, .subtitles, .part: return nil
        }
    }

    private static func media(track: String, revision: String, file: Substring) -> Resource? {
        guard let dot = file.lastIndex(of: ".") else { return nil }
        let stem = file[..<dot]
        let iFrame = "iframe-"
        if stem.hasPrefix(iFrame) {
            let isTransportStream = file.hasSuffix(".ts")
            guard isTransportStream || file.hasSuffix(".m4s") else { return nil }
            return number(stem.dropFirst(iFrame.count)).map {
                .iFrame(track: track, revision: revision, number: $0, isTransportStream: isTransportStream)
            }
        }
        switch file[file.index(after: dot)...] {
        case "m4s":
            if let dot = stem.firstIndex(of: ".") {
                guard let segment = number(stem[..<dot]), let part = number(stem[stem.index(after: dot)...]) else {
                    return nil
                }
                return .part(track: track, revision: revision, number: segment, part: part)
            }
            return number(stem).map {
                .segment(track: track, revision: revision, number: $0, isTransportStream: false)
            }
        case "vtt": return number(stem).map { .subtitles(track: track, revision: revision, number: $0) }
        case "jpg": return number(stem).map { .image(track: track, revision: revision, number: $0) }
        case "ts":
            return number(stem).map { .segment(track: track, revision: revision, number: $0, isTransportStream: true) }
        case "mp4":
            let fields = stem.split(separator: "-", omittingEmptySubsequences: false)
            guard fields.count == 2 || fields.count == 3, fields[0] == "init", let generation = number(fields[1])
            else { return nil }
            if fields.count == 2 {
                return .header(track: track, revision: revision, generation: generation, period: nil)
            }
            return KeyPeriod(parsing: fields[2]).map {
                .header(track: track, revision: revision, generation: generation, period: $0)
            }
        default: return nil
        }
    }

    /// A canonical decimal number: one thing has one name, or caches would hold it twice.
    private static func number(_ text: some StringProtocol) -> UInt64? {
        guard let value = UInt64(text), String(value) == text else { return nil }
        return value
    }

    private static func isName(_ part: Substring) -> Bool {
        !part.isEmpty && part.utf8.count <= 96
            && part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            } && part.utf8.first != UInt8(ascii: ".")
    }
}
