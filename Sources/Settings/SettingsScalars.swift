/// Single values, each read as what its key says it is; nil, with the reason logged, where it is not.
extension SettingsNode {
    /// Any single value, as written.
    func text(_ name: String, _ log: DiagnosticLog) -> String? {
        guard case .scalar(let text, _) = value else {
            log.error("'\(name)' is \(kind); it must be a single value", at: place)
            return nil
        }
        guard !text.isEmpty else {
            log.error("'\(name)' is empty; write a value", at: place)
            return nil
        }
        return text
    }

    func integer<T: FixedWidthInteger>(_ name: String, in range: ClosedRange<T>, _ log: DiagnosticLog) -> T? {
        guard case .scalar(let text, false) = value, let digits = Self.digits(of: text) else {
            log.error("'\(name)' is \(shown); it must be a whole number, \(Self.extent(range))", at: place)
            return nil
        }
        guard let number = T(digits), range.contains(number) else {
            log.error("'\(name)' is \(text); it must be \(Self.extent(range))", at: place)
            return nil
        }
        return number
    }

    /// Seconds with up to three decimals, as milliseconds.
    func milliseconds(_ name: String, in range: ClosedRange<UInt32>, _ log: DiagnosticLog) -> UInt32? {
        let limits = "\(Self.seconds(range.lowerBound)) to \(Self.seconds(range.upperBound))"
        guard case .scalar(let text, false) = value, let number = Self.thousandths(of: text) else {
            log.error("'\(name)' is \(shown); it must be seconds with at most three decimals, \(limits)", at: place)
            return nil
        }
        guard range.contains(number) else {
            log.error("'\(name)' is \(text); it must be \(limits)", at: place)
            return nil
        }
        return number
    }

    func bool(_ name: String, _ log: DiagnosticLog) -> Bool? {
        if case .scalar(let text, false) = value {
            switch text {
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            default: break
            }
        }
        log.error("'\(name)' is \(shown); it must be true or false", at: place)
        return nil
    }

    /// One of the words of an enumeration.
    func word<T: RawRepresentable & CaseIterable>(_ name: String, _ type: T.Type, _ log: DiagnosticLog) -> T?
    where T.RawValue == String {
        word(name, among: Array(T.allCases), log)
    }

    func word<T: RawRepresentable>(_ name: String, among values: [T], _ log: DiagnosticLog) -> T?
    where T.RawValue == String {
        let known = values.map(\.rawValue)
        guard case .scalar(let text, _) = value else {
            log.error("'\(name)' is \(kind); it must be one of \(Suggestion.list(known))", at: place)
            return nil
        }
        if let value = values.first(where: { $0.rawValue == text }) { return value }
        log.error("'\(name)' cannot be '\(text)'\(Suggestion.text(for: text, among: known))", at: place)
        return nil
    }

    /// 20GiB, 500MB, 1048576.
    func byteSize(_ name: String, _ log: DiagnosticLog) -> UInt64? {
        guard case .scalar(let text, _) = value, let bytes = ByteSize.parse(text) else {
            log.error("'\(name)' is \(shown); it must be a size such as 20GiB, 500MB or 1048576", at: place)
            return nil
        }
        return bytes
    }

    func listenAddress(_ name: String, _ log: DiagnosticLog) -> ListenAddress? {
        guard case .scalar(let text, _) = value, let address = ListenAddress(parsing: text) else {
            log.error(
                "'\(name)' is \(shown); it must be an address and a port, such as \"0.0.0.0:1935\" or \"[::]:1935\"",
                at: place)
            return nil
        }
        return address
    }

    /// One address or several: a list, or a text with commas between them as variables and flags have it.
    func listenAddresses(_ name: String, _ log: DiagnosticLog) -> [ListenAddress]? {
        let items: [SettingsNode]
        switch value {
        case .sequence(let list): items = list
        case .scalar(let text, let isQuoted):
            items = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
                let address = part.drop { $0 == " " }
                return SettingsNode(value: .scalar(String(address), isQuoted: isQuoted), place: place)
            }
        case .mapping, .null: items = [self]
        }
        guard (1...16).contains(items.count) else {
            log.error("'\(name)' lists \(items.count) addresses; it must be 1 to 16", at: place)
            return nil
        }
        let addresses = items.compactMap { $0.listenAddress(name, log) }
        return addresses.count == items.count ? addresses : nil
    }

    /// The value as a message may show it.
    private var shown: String {
        guard case .scalar(let text, let isQuoted) = value else { return kind }
        let short = text.count > 40 ? text.prefix(40) + "..." : text[...]
        return isQuoted ? "the text \"\(short)\"" : "'\(short)'"
    }

    /// Decimal digits, with `_` between them as YAML allows; a sign stays for the range to refuse.
    private static func digits(of text: String) -> String? {
        let digits = text.filter { $0 != "_" }
        let number = digits.hasPrefix("-") ? digits.dropFirst() : digits[...]
        guard !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits
    }

    private static func thousandths(of text: String) -> UInt32? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? parts[1] : "0"
        guard (1...6).contains(parts[0].utf8.count), (1...3).contains(decimals.utf8.count),
            (parts[0] + decimals).utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let whole = UInt32(parts[0]),
            let fraction = UInt32(decimals + String(repeating: "0", count: 3 - decimals.utf8.count))
        else { return nil }
        return whole * 1000 + fraction
    }

    static func seconds(_ milliseconds: UInt32) -> String {
        let rest = String(milliseconds % 1000 + 1000).dropFirst()
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)" : "\(milliseconds / 1000).\(rest)"
    }

    private static func extent<T: FixedWidthInteger>(_ range: ClosedRange<T>) -> String {
        range.upperBound == T.max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
}

/// A number of bytes as people write it.
package enum ByteSize {
    private static let units: [(String, UInt64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("kB", 1000), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ]

    /// A whole number with an optional unit, KiB to TiB (1024) or kB to TB (1000); nil for anything else.
    package static func parse(_ text: String) -> UInt64? {
        let unit = units.first { text.hasSuffix($0.0) }
        let digits = text.dropLast(unit?.0.count ?? 0).filter { $0 != " " && $0 != "_" }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(digits)
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow ? nil : bytes
    }
}
