import Foundation
import FoundationXML

/// One element of a parsed document: enough of XML for CPIX, with hard limits.
struct ElementTree {
    var namespace: String
    /// Without prefix.
    var name: String
    /// By name as written; CPIX has none with a prefix.
    var attributes: [String: String]
    var children: [ElementTree] = []
    /// The character data directly within the element.
    var text = ""

    static let maximumSize = 1 << 20
    static let maximumDepth = 32
    static let maximumElements = 20_000

    init(namespace: String, name: String, attributes: [String: String]) {
        self.namespace = namespace
        self.name = name
        self.attributes = attributes
    }

    /// The root of a document. External entities are never loaded; libxml2 bounds the growth of internal ones.
    init(parsing xml: [UInt8]) throws(CPIXError) {
        guard xml.count <= Self.maximumSize else {
            throw CPIXError(.tooLarge, "the document has more than \(Self.maximumSize) bytes")
        }
        let builder = ElementTreeBuilder()
        let parser = XMLParser(data: Data(xml))
        parser.shouldProcessNamespaces = true
        parser.shouldResolveExternalEntities = false
        parser.delegate = builder
        let isComplete = parser.parse()
        // On Linux `parse` answers true after most errors: what the delegate heard decides.
        if let failure = builder.failure { throw failure }
        guard isComplete, let root = builder.root else { throw CPIXError(.malformed, "the document is not XML") }
        self = root
    }

    func children(_ namespace: String, _ name: String) -> [ElementTree] {
        children.filter { $0.namespace == namespace && $0.name == name }
    }

    func first(_ namespace: String, _ name: String) -> ElementTree? {
        children.first { $0.namespace == namespace && $0.name == name }
    }
}

/// Hears the parser's events and stacks elements up.
private final class ElementTreeBuilder: NSObject, XMLParserDelegate {
    private var stack: [ElementTree] = []
    private var elements = 0
    var root: ElementTree?
    var failure: CPIXError?

    /// libxml2's `XML_NS_ERR_UNDEFINED_NAMESPACE`: recoverable, the element is in no namespace then.
    private static let undefinedNamespace = 201

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        guard failure == nil else { return }
        elements += 1
        guard elements <= ElementTree.maximumElements, stack.count < ElementTree.maximumDepth else {
            failure = CPIXError(.tooLarge, "the document has too many or too deeply nested elements")
            parser.abortParsing()
            return
        }
        stack.append(ElementTree(namespace: namespaceURI ?? "", name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        guard failure == nil, !stack.isEmpty else { return }
        stack[stack.count - 1].text += text
    }

    func parser(_ parser: XMLParser, foundCDATA data: Data) {
        self.parser(parser, foundCharacters: String(decoding: data, as: UTF8.self))
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        guard failure == nil, let element = stack.popLast() else { return }
        if stack.isEmpty {
            root = element
        } else {
            stack[stack.count - 1].children.append(element)
        }
    }

    func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
        guard failure == nil else { return }
        let code = (error as NSError).code
        guard code != Self.undefinedNamespace else { return }
        failure = CPIXError(.malformed, "the document is not well-formed XML (line \(parser.lineNumber), code \(code))")
    }
}
