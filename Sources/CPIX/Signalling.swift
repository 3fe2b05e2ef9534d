/// A child of `DRMSystem`: an empty one asks the provider to fill it in.
package enum Signalling<Value: Sendable & Equatable>: Sendable, Equatable {
    case absent
    case requested
    case filled(Value)

    package var value: Value? {
        if case .filled(let value) = self { value } else { nil }
    }

    /// A filled value stays; an empty one says more than none.
    mutating func merge(_ other: Signalling) {
        if value == nil, other != .absent { self = other }
    }

    func map<Other>(_ transform: (Value) -> Other) -> Signalling<Other> {
        switch self {
        case .absent: .absent
        case .requested: .requested
        case .filled(let value): .filled(transform(value))
        }
    }
}

/// The content of an element as bytes, text or lines, all of them base64 in the document.
///
/// - Parameter subject: what the element is about, for errors.
extension ElementTree {
    func signalledBytes(_ subject: @autoclosure () -> String) throws(CPIXError) -> Signalling<[UInt8]> {
        guard let bytes = text.base64Bytes else {
            throw CPIXError(.invalid, "\(name) of \(subject()) is not base64")
        }
        return bytes.isEmpty ? .requested : .filled(bytes)
    }

    func signalledText(_ subject: @autoclosure () -> String) throws(CPIXError) -> Signalling<String> {
        guard let bytes = try signalledBytes(subject()).value else { return .requested }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CPIXError(.invalid, "\(name) of \(subject()) is not UTF-8 in base64")
        }
        return .filled(text)
    }

    /// Text that some providers write as it is: where it is not the base64 of printable text.
    func signalledPlainText() -> Signalling<String> {
        let plain = text.split { $0.isWhitespace }.joined(separator: " ")
        guard !plain.isEmpty else { return .requested }
        if let bytes = text.base64Bytes, let decoded = String(validating: bytes, as: UTF8.self),
            decoded.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        {
            return decoded.isEmpty ? .requested : .filled(decoded)
        }
        return .filled(plain)
    }

    func signalledLines(_ subject: @autoclosure () -> String) throws(CPIXError) -> Signalling<[String]> {
        let isPlain = text.contains("#EXT")
        guard let text = isPlain ? text : try signalledText(subject()).value else { return .requested }
        let lines = text.split { $0.isNewline }.map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        return lines.isEmpty ? .requested : .filled(lines)
    }
}

extension Substring {
    /// Without blanks and tabs around it.
    fileprivate var trimmingSpaces: String {
        let rest = drop { $0 == " " || $0 == "\t" }
        return String(rest.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
