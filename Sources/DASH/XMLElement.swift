import CXML2
internal import Media

/// An element with its attributes by their names as written.
struct XMLElement {
    let name: String
    let namespace: String
    /// Without white space around it.
    let text: String
    var attributes = XMLAttributes()
    var children: [XMLElement] = []

    private static let greatestDepth = 64
    /// libxml2 is set up once for the process; a static is initialised once, by whichever thread is first.
    private static let isReady = sluice_xml_initialise() == 0

    init(parsing xml: Span<UInt8>) throws(MPDError) {
        do throws(UTF8.ValidationError) { _ = try UTF8Span(validating: xml) } catch { throw MPDError("not UTF-8") }
        guard Self.isReady, let context = unsafe xmlNewParserCtxt() else { throw MPDError("no memory") }
        defer { unsafe xmlFreeParserCtxt(context) }
        let parsed = unsafe xml.withUnsafeBytes { bytes in
            unsafe xmlCtxtReadMemory(
                context, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, "UTF-8",
                sluice_xml_options)
        }
        guard let document = unsafe parsed else { throw MPDError("not well-formed XML") }
        defer { unsafe xmlFreeDoc(document) }
        guard unsafe document.pointee.intSubset == nil, let root = unsafe xmlDocGetRootElement(document) else {
            throw MPDError("a document type declaration, or no element")
        }
        self = try unsafe XMLElement(copying: root, depth: 1)
    }

    /// - Parameter parent: its namespace's text, mostly the same.
    private init(
        copying node: UnsafeMutablePointer<xmlNode>, depth: Int,
        below parent: (node: UnsafeMutablePointer<xmlNode>, namespace: String)? = nil
    ) throws(MPDError) {
        guard depth <= Self.greatestDepth else { throw MPDError("elements nest deeper than \(Self.greatestDepth)") }
        name = unsafe Self.string(node.pointee.name)
        if let parent = unsafe parent, unsafe parent.node.pointee.ns == node.pointee.ns {
            namespace = unsafe parent.namespace
        } else {
            namespace = unsafe node.pointee.ns.map { unsafe Self.string($0.pointee.href) } ?? ""
        }
        text = unsafe Self.text(node.pointee.children)
        var attribute = unsafe node.pointee.properties
        while let current = unsafe attribute {
            let prefix = unsafe current.pointee.ns.map { unsafe Self.string($0.pointee.prefix) + ":" } ?? ""
            attributes[prefix + (unsafe Self.string(current.pointee.name))] =
                unsafe Self.content(current.pointee.children)
            unsafe attribute = current.pointee.next
        }
        var child = unsafe node.pointee.children
        while let current = unsafe child {
            if unsafe current.pointee.type == XML_ELEMENT_NODE {
                children.append(try unsafe XMLElement(copying: current, depth: depth + 1, below: (node, namespace)))
            }
            unsafe child = current.pointee.next
        }
    }

    /// The text nodes of a list of siblings.
    private static func content(_ first: UnsafeMutablePointer<xmlNode>?) -> String {
        guard let only = unsafe first else { return "" }
        if unsafe only.pointee.next == nil, unsafe only.pointee.type == XML_TEXT_NODE {
            return unsafe string(only.pointee.content)
        }
        var text = ""
        var node = unsafe first
        while let current = unsafe node {
            if unsafe current.pointee.type == XML_TEXT_NODE { text += unsafe string(current.pointee.content) }
            unsafe node = current.pointee.next
        }
        return text
    }

    /// The same without white space around it: most is nothing but the indentation of elements.
    private static func text(_ first: UnsafeMutablePointer<xmlNode>?) -> String {
        var node = unsafe first
        while let current = unsafe node {
            if unsafe current.pointee.type == XML_TEXT_NODE, unsafe !isBlank(current.pointee.content) {
                return unsafe trimmed(content(first))
            }
            unsafe node = current.pointee.next
        }
        return ""
    }

    private static func isBlank(_ text: UnsafePointer<xmlChar>?) -> Bool {
        guard var byte = unsafe text else { return true }
        while true {
            switch unsafe byte.pointee {
            case 0: return true
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): unsafe byte += 1
            default: return false
            }
        }
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    func children(_ name: String, namespace: String = MPD.namespace) -> [XMLElement] {
        children.filter { $0.name == name && $0.namespace == namespace }
    }

    func child(_ name: String) -> XMLElement? { children(name).first }

    func string(_ name: String) -> String? { attributes[name] }

    /// An attribute with a prefix, whichever the document uses.
    func prefixed(_ name: String) -> String? { attributes.first { $0.name.hasSuffix(":" + name) }?.value }

    func required(_ name: String) throws(MPDError) -> String {
        guard let value = string(name) else { throw MPDError("\(self.name) without \(name)") }
        return value
    }

    func integer<T: FixedWidthInteger>(_ name: String, _ type: T.Type = T.self) throws(MPDError) -> T? {
        try convert(name) { T($0, radix: 10) }
    }

    func duration(_ name: String) throws(MPDError) -> Ticks? { try convert(name, XMLTime.parseDuration) }

    /// A decimal number is a duration's seconds by another name; nil also for INF.
    func seconds(_ name: String) throws(MPDError) -> Ticks? {
        guard string(name) != "INF" else { return nil }
        return try convert(name) { XMLTime.parseDuration("PT\($0)S") }
    }

    func dateTime(_ name: String) throws(MPDError) -> Ticks? { try convert(name, XMLTime.parseDateTime) }

    func frameRate(_ name: String) throws(MPDError) -> FrameRate? {
        try convert(name) { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { UInt32($0, radix: 10) ?? 0 }
            guard (1...2).contains(parts.count), !parts.contains(0) else { return nil }
            return FrameRate(parts[0], parts.count == 2 ? parts[1] : 1)
        }
    }

    private func convert<T>(_ name: String, _ conversion: (String) -> T?) throws(MPDError) -> T? {
        guard let text = string(name) else { return nil }
        guard let value = conversion(text) else { throw MPDError("\(self.name)@\(name) is \"\(text.prefix(40))\"") }
        return value
    }
}
