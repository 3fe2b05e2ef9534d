package import Media

extension PlayReadyHeader {
    /// Reads a header record: UTF-16, little-endian, with or without byte order mark and zeros at its end.
    ///
    /// Elements are found by name wherever they stand; unknown ones are passed over.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count % 2 == 0 else { throw ParseError(.invalid, at: bytes.count, "half a UTF-16 unit") }
        var units = stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
        while units.last == 0 { units.removeLast() }
        if units.first == 0xFEFF { units.removeFirst() }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw ParseError(.invalid, at: 0, "not UTF-16")
        }
        try self.init(reading: try CanonicalXML.elements(text))
    }

    private init(reading elements: [CanonicalXML.Element]) throws(ParseError) {
        guard let root = elements.first, root.name == "WRMHEADER", let text = root.attributes["version"] else {
            throw ParseError(.invalid, at: 0, "not a WRMHEADER with a version")
        }
        guard let version = Version(rawValue: text) else {
            throw ParseError(.unsupported, at: 0, "PlayReady header version \(text.debugDescription)")
        }
        let algorithm = elements.first { $0.name == "ALGID" }.map { Algorithm(rawValue: $0.trimmed) }
        let checksum = elements.first { $0.name == "CHECKSUM" }.flatMap { Base64.decode($0.text) }
        var keys: [Key] = []
        for element in elements where element.name == "KID" {
            guard let bytes = Base64.decode(element.attributes["VALUE"] ?? element.text), bytes.count == 16,
                let id = KeyID(bytes: Self.swapped(bytes))
            else { throw ParseError(.invalid, at: 0, "a KID that is not 16 bytes in base64") }
            keys.append(
                Key(
                    id, element.attributes["ALGID"].map(Algorithm.init) ?? algorithm,
                    checksum: element.attributes["CHECKSUM"].flatMap { Base64.decode($0) } ?? checksum))
        }
        let url = elements.first { $0.name == "LA_URL" }?.trimmed
        self.init(as: version, keys, licenseURL: url.flatMap { $0.isEmpty ? nil : $0 })
    }
}

/// The little of XML that a header may hold: elements, attributes and text, without declarations of any kind.
///
/// FoundationXML stops the program at some processing instructions, and these bytes come from outside.
enum CanonicalXML {
    struct Element: Equatable {
        var name: String
        var attributes: [String: String] = [:]
        /// What stands directly within it.
        var text = ""

        var trimmed: String {
            let body = text.drop { $0.isWhitespace }
            return String(body[..<(body.lastIndex { !$0.isWhitespace }.map { body.index(after: $0) } ?? body.endIndex)])
        }
    }

    static let maximumElements = 1024

    /// All elements in the order of their start tags, the root first. Names are without prefix.
    static func elements(_ text: String) throws(ParseError) -> [Element] {
        var elements: [Element] = []
        /// Places in `elements` of those that are open.
        var open: [Int] = []
        var rest = text.unicodeScalars[...]
        while let start = rest.firstIndex(of: "<") {
            if let last = open.last { elements[last].text += try decoded(rest[..<start]) }
            rest = rest[rest.index(after: start)...]
            guard let end = rest.firstIndex(of: ">") else { throw failure("a tag without end") }
            var tag = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if tag.first == "/" {
                guard let last = open.popLast(), elements[last].name == local(name(&tag, from: 1)) else {
                    throw failure("an end tag without start tag")
                }
                continue
            }
            guard tag.first != "!", tag.first != "?" else { throw failure("a declaration") }
            let isEmpty = tag.last == "/"
            if isEmpty { tag = tag.dropLast() }
            guard elements.isEmpty || !open.isEmpty else { throw failure("more than one root element") }
            guard elements.count < maximumElements else { throw failure("more than \(maximumElements) elements") }
            var element = Element(name: local(name(&tag, from: 0)))
            guard !element.name.isEmpty else { throw failure("a tag without name") }
            element.attributes = try attributes(&tag)
            if !isEmpty { open.append(elements.count) }
            elements.append(element)
        }
        guard open.isEmpty, !elements.isEmpty else { throw failure("an element without end tag") }
        return elements
    }

    /// A quoted value may hold ">" in XML, though canonical XML, which headers are to be, writes it as an entity.
    private static func attributes(
        _ tag: inout Substring.UnicodeScalarView
    ) throws(ParseError) -> [String: String] {
        var attributes: [String: String] = [:]
        while true {
            tag = tag.drop { $0.properties.isWhitespace }
            if tag.isEmpty { return attributes }
            let name = name(&tag, from: 0)
            tag = tag.drop { $0.properties.isWhitespace }
            guard !name.isEmpty, tag.popFirst() == "=" else { throw failure("an attribute without value") }
            tag = tag.drop { $0.properties.isWhitespace }
            guard let quote = tag.popFirst(), quote == "\"" || quote == "'", let end = tag.firstIndex(of: quote) else {
                throw failure("an attribute's value without quotes")
            }
            attributes[name] = try decoded(tag[..<end])
            tag = tag[tag.index(after: end)...]
        }
    }

    /// Takes a name off the front, `skipped` scalars in.
    private static func name(_ tag: inout Substring.UnicodeScalarView, from skipped: Int) -> String {
        let body = tag.dropFirst(skipped)
        let end =
            body.firstIndex { $0.properties.isWhitespace || $0 == "=" || $0 == "\"" || $0 == "'" } ?? body.endIndex
        tag = body[end...]
        return String(body[..<end])
    }

    private static func local(_ name: String) -> String { name.split(separator: ":").last.map(String.init) ?? name }

    private static func decoded(_ text: Substring.UnicodeScalarView) throws(ParseError) -> String {
        var result = String.UnicodeScalarView()
        var rest = text
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ";") else { throw failure("an entity without end") }
            let name = String(rest[rest.index(after: start)..<end])
            guard let scalar = scalar(entity: name) else { throw failure("an unknown entity") }
            result.append(scalar)
            rest = rest[rest.index(after: end)...]
        }
        return String(result + rest)
    }

    private static func scalar(entity name: String) -> Unicode.Scalar? {
        switch name {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
        case _ where name.hasPrefix("#"): UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
        default: nil
        }
    }

    private static func failure(_ reason: String) -> ParseError {
        ParseError(.invalid, at: 0, "PlayReady header: \(reason)")
    }
}
