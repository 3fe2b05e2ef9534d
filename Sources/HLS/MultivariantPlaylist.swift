/// A multivariant (master) playlist as values. RFC 8216, clause 4.3.4.
package struct MultivariantPlaylist: Sendable, Hashable {
    package var hasIndependentSegments: Bool
    /// EXT-X-SESSION-KEY: keys to fetch ahead; METHOD is not NONE.
    package var sessionKeys: [Key]
    package var renditions: [Rendition]
    package var variants: [Variant]
    package var iFrameVariants: [IFrameVariant]
    package var imageVariants: [ImageVariant] = []
    /// Whole lines of tags not known here.
    package var unknownTags: [String]

    package init(
        hasIndependentSegments: Bool = false, sessionKeys: [Key] = [], renditions: [Rendition] = [],
        variants: [Variant] = [], iFrameVariants: [IFrameVariant] = [], unknownTags: [String] = []
    ) {
        self.hasIndependentSegments = hasIndependentSegments
        self.sessionKeys = sessionKeys
        self.renditions = renditions
        self.variants = variants
        self.iFrameVariants = iFrameVariants
        self.unknownTags = unknownTags
    }

    /// RFC 8216, clause 7, names only session keys with a format and service captions; renditions and I-frame
    /// variants came with version 4, and no less than the media playlists' own 3 is said.
    package var version: Int {
        var version = renditions.isEmpty && iFrameVariants.isEmpty ? 3 : 4
        for key in sessionKeys { version = max(version, key.version) }
        for rendition in renditions {
            for attribute in rendition.others where attribute.name == "INSTREAM-ID" {
                if case .quoted(let channel) = attribute.value, channel.hasPrefix("SERVICE") { version = 7 }
            }
        }
        return version
    }

    /// The text, one line for each tag and URI, each ended by LF.
    package func serialize() -> String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:\(version)"]
        if hasIndependentSegments { lines.append("#EXT-X-INDEPENDENT-SEGMENTS") }
        lines += unknownTags.map { PlaylistText.line($0.hasPrefix("#") ? $0 : "#" + $0) }
        lines += sessionKeys.filter { $0.method != .none }.map(\.sessionLine)
        lines += renditions.map(\.line)
        lines += variants.map(\.lines)
        lines += iFrameVariants.map(\.line)
        lines += imageVariants.map(\.line)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads a playlist; tags not known here are kept.
    ///
    /// - Throws: where a known tag is malformed, or it is a media playlist.
    package init(parsing text: String) throws(PlaylistError) {
        self.init()
        var pending: Substring?
        for (number, line) in try PlaylistLines(text) {
            do throws(PlaylistError) {
                switch line {
                case .uri(let uri):
                    guard let attributes = pending else { throw PlaylistError("a URI without EXT-X-STREAM-INF") }
                    variants.append(try Variant(parsing: attributes, uri: uri))
                    pending = nil
                case .tag(let name, let value, let line):
                    guard pending == nil else { throw PlaylistError("EXT-X-STREAM-INF is not followed by a URI") }
                    if name == Variant.tag { pending = value } else { try readTag(name, value, line) }
                }
            } catch {
                throw PlaylistError(line: number, error.reason)
            }
        }
        guard pending == nil else { throw PlaylistError("the last EXT-X-STREAM-INF has no URI") }
    }

    private mutating func readTag(
        _ name: Substring, _ value: Substring, _ line: Substring
    ) throws(PlaylistError) {
        switch name {
        case "#EXTM3U": throw PlaylistError("EXTM3U is there twice")
        case "#EXT-X-VERSION":
            guard UInt64(decimal: value) != nil else { throw PlaylistError("no version: \(value.prefix(40))") }
        case "#EXT-X-INDEPENDENT-SEGMENTS": hasIndependentSegments = true
        case Rendition.tag: renditions.append(try Rendition(parsing: value))
        case IFrameVariant.tag: iFrameVariants.append(try IFrameVariant(parsing: value))
        case ImageVariant.tag: imageVariants.append(try ImageVariant(parsing: value))
        case Key.sessionTag:
            let key = try Key(parsing: value)
            guard key.method != .none else { throw PlaylistError("a session key with METHOD=NONE") }
            sessionKeys.append(key)
        case SegmentDuration.tag, "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", Key.tag, MediaInitialization.tag:
            throw PlaylistError("\(name.dropFirst()) belongs into a media playlist")
        default: unknownTags.append(String(line))
        }
    }
}
