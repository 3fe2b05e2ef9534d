/// EXT-X-MEDIA: an alternative for one kind of media, as a member of a group. RFC 8216, clause 4.3.4.1.
package struct Rendition: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case audio = "AUDIO"
        case video = "VIDEO"
        case subtitles = "SUBTITLES"
        case closedCaptions = "CLOSED-CAPTIONS"
    }

    package static let tag = "#EXT-X-MEDIA"

    package var kind: Kind
    package var groupID: String
    /// For people to read, unique in the group.
    package var name: String
    /// BCP 47.
    package var language: String?
    package var isDefault: Bool
    package var isAutoselected: Bool
    /// Audio: the number of channels and what follows it, as written ("2", "6", "16/JOC").
    package var channels: String?
    /// Nil where the variant's own segments carry it.
    package var uri: String?
    package var others: [Attribute]

    package init(
        kind: Kind, groupID: String, name: String, language: String? = nil, isDefault: Bool = false,
        isAutoselected: Bool = false, channels: String? = nil, uri: String? = nil, others: [Attribute] = []
    ) {
        self.kind = kind
        self.groupID = groupID
        self.name = name
        self.language = language
        self.isDefault = isDefault
        self.isAutoselected = isAutoselected
        self.channels = channels
        self.uri = uri
        self.others = others
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let type = try attributes.takePlain("TYPE"), let kind = Kind(rawValue: type) else {
            throw PlaylistError("a rendition without a known TYPE")
        }
        self.kind = kind
        guard let groupID = try attributes.takeQuoted("GROUP-ID"), let name = try attributes.takeQuoted("NAME") else {
            throw PlaylistError("a rendition without GROUP-ID or NAME")
        }
        self.groupID = groupID
        self.name = name
        language = try attributes.takeQuoted("LANGUAGE")
        isDefault = try attributes.takeFlag("DEFAULT")
        isAutoselected = try attributes.takeFlag("AUTOSELECT")
        channels = try attributes.takeQuoted("CHANNELS")
        uri = try attributes.takeQuoted("URI")
        others = attributes.rest
    }

    var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.plain("TYPE", kind.rawValue)
        writer.quoted("GROUP-ID", groupID)
        writer.quoted("NAME", name)
        writer.quoted("LANGUAGE", language)
        writer.flag("DEFAULT", isDefault)
        // "If the value of DEFAULT is YES, AUTOSELECT must be YES if it is there."
        writer.flag("AUTOSELECT", isAutoselected || isDefault)
        writer.quoted("CHANNELS", channels)
        writer.quoted("URI", uri)
        writer.others(others)
        return writer.line
    }
}
