import CXML2
import OpenSSLCrypto

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
    /// The character data directly within the element; empty where that is a key.
    var text = ""
    /// What the base64 within a `PlainValue` stands for, which never becomes text; nil where it is no base64.
    var secret: SecretBytes?

    static let maximumSize = 1 << 20
    static let maximumDepth = 32
    /// Characters of a key's base64; more are no key of ours.
    private static let maximumSecret = 4096
    private static let secretName = "PlainValue"

    private static let namespaces: Set = [
        "", CPIXDocument.namespace, CPIXDocument.pskcNamespace, CPIXDocument.spekeNamespace,
        CPIXDocument.signatureNamespace, CPIXDocument.encryptionNamespace,
    ]

    /// libxml2 is set up once for the process; a static is initialised once, by whichever thread is first.
    private static let isReady = sluice_xml_initialise() == 0

    /// The root of a document without document type declaration: so there are no entities but the five of XML, and
    /// nothing to fetch.
    init(parsing xml: Span<UInt8>) throws(CPIXError) {
        guard xml.count <= Self.maximumSize else {
            throw CPIXError(.tooLarge, "the document has more than \(Self.maximumSize) bytes")
        }
        do throws(UTF8.ValidationError) { _ = try UTF8Span(validating: xml) } catch {
            throw CPIXError(.malformed, "the document is not UTF-8")
        }
        guard Self.isReady, let context = unsafe xmlNewParserCtxt() else {
            throw CPIXError(.malformed, "no memory for the document")
        }
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
        // An undeclared prefix stays in the name.
        let fullName = unsafe Self.string(node.pointee.name)
        name = fullName.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? fullName
        namespace = unsafe node.pointee.ns.map { unsafe Self.string($0.pointee.href) } ?? ""
        var attribute = unsafe node.pointee.properties
        while let current = unsafe attribute {
            if unsafe current.pointee.ns == nil {
                attributes[unsafe Self.string(current.pointee.name)] = unsafe Self.content(current.pointee.children)
            }
            unsafe attribute = current.pointee.next
        }
        if name == Self.secretName {
            secret = unsafe Self.secret(node.pointee.children)
        } else {
            text = unsafe Self.content(node.pointee.children)
        }
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

    /// What the base64 in the text nodes of a list of siblings stands for, by way of one buffer, which is wiped.
    private static func secret(_ first: UnsafeMutablePointer<xmlNode>?) -> SecretBytes? {
        var decoder = Base64.Decoder(capacity: maximumSecret)
        defer { decoder.wipe() }
        var count = 0
        var node = unsafe first
        while let current = unsafe node {
            if unsafe current.pointee.type == XML_TEXT_NODE, var character = unsafe current.pointee.content {
                while unsafe character.pointee != 0 {
                    count += 1
                    guard count <= maximumSecret else { return nil }
                    unsafe decoder.take(character.pointee)
                    unsafe character += 1
                }
            }
            unsafe node = current.pointee.next
        }
        return decoder.isComplete ? SecretBytes(copying: decoder.bytes.span) : nil
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        unsafe text.map { unsafe String(cString: $0) } ?? ""
    }

    /// Those of this local name in a namespace that is CPIX's, or in none.
    func children(_ name: String) -> [ElementTree] {
        children.filter { $0.name == name && $0.isOurs }
    }

    func first(_ name: String) -> ElementTree? {
        children.first { $0.name == name && $0.isOurs }
    }

    /// Whether the element belongs to CPIX or to what CPIX is made of. Providers mix these up, or forget to declare
    /// them; what others add to a document has namespaces of its own.
    var isOurs: Bool { Self.namespaces.contains(namespace) }
}
