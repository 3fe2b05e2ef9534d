import CXML2

/// One element of a parsed document: enough of XML for CPIX, with hard limits.
///
/// libxml2 does the parsing, directly: FoundationXML of Swift 6.3.1, which wraps it, stops the program at names that
/// are not UTF-8 and at processing instructions without data.
struct ElementTree {
    /// Empty where the element is in none, or its prefix is not declared.
    var namespace: String
    /// Without prefix.
    var name: String
    /// Those without a prefix; CPIX has no others.
    var attributes: [String: String] = [:]
    var children: [ElementTree] = []
    /// The character data directly within the element.
    var text = ""

    static let maximumSize = 1 << 20
    static let maximumDepth = 32

    /// The root of a document without document type declaration: so there are no entities but the five of XML, and
    /// nothing to fetch.
    init(parsing xml: [UInt8]) throws(CPIXError) {
        guard xml.count <= Self.maximumSize else {
            throw CPIXError(.tooLarge, "the document has more than \(Self.maximumSize) bytes")
        }
        guard String(validating: xml, as: UTF8.self) != nil else {
            throw CPIXError(.malformed, "the document is not UTF-8")
        }
        // The library's own set-up; later calls do nothing.
        xmlInitParser()
        guard let context = unsafe xmlNewParserCtxt() else { throw CPIXError(.malformed, "no memory for the document") }
        defer { unsafe xmlFreeParserCtxt(context) }
        let parsed = unsafe xml.withUnsafeBytes { bytes in
            unsafe xmlCtxtReadMemory(
                context, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, "UTF-8",
                sluice_xml_options)
        }
        guard let document = unsafe parsed else {
            let line = unsafe context.pointee.lastError.line
            let code = unsafe context.pointee.lastError.code
            throw CPIXError(.malformed, "the document is not well-formed XML (line \(line), code \(code))")
        }
        defer { unsafe xmlFreeDoc(document) }
        guard unsafe document.pointee.intSubset == nil else {
            throw CPIXError(.malformed, "the document has a document type declaration")
        }
        guard let root = unsafe xmlDocGetRootElement(document) else {
            throw CPIXError(.malformed, "the document has no element")
        }
        self = try unsafe ElementTree(copying: root, depth: 1)
    }

    private init(copying node: UnsafeMutablePointer<xmlNode>, depth: Int) throws(CPIXError) {
        guard depth <= Self.maximumDepth else {
            throw CPIXError(.tooLarge, "the document's elements nest deeper than \(Self.maximumDepth)")
        }
        name = unsafe Self.string(node.pointee.name)
        namespace = unsafe node.pointee.ns.map { unsafe Self.string($0.pointee.href) } ?? ""
        var attribute = unsafe node.pointee.properties
        while let current = unsafe attribute {
            if unsafe current.pointee.ns == nil {
                attributes[unsafe Self.string(current.pointee.name)] = unsafe Self.content(current.pointee.children)
            }
            unsafe attribute = current.pointee.next
        }
        text = unsafe Self.content(node.pointee.children)
        var child = unsafe node.pointee.children
        while let current = unsafe child {
            if unsafe current.pointee.type == XML_ELEMENT_NODE {
                children.append(try unsafe ElementTree(copying: current, depth: depth + 1))
            }
            unsafe child = current.pointee.next
        }
    }

    /// The text nodes of a list of siblings.
    private static func content(_ first: UnsafeMutablePointer<xmlNode>?) -> String {
        var text = ""
        var node = unsafe first
        while let current = unsafe node {
            if unsafe current.pointee.type == XML_TEXT_NODE { text += unsafe string(current.pointee.content) }
            unsafe node = current.pointee.next
        }
        return text
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    func children(_ namespace: String, _ name: String) -> [ElementTree] {
        children.filter { $0.namespace == namespace && $0.name == name }
    }

    func first(_ namespace: String, _ name: String) -> ElementTree? {
        children.first { $0.namespace == namespace && $0.name == name }
    }
}
