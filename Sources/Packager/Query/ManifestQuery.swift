import struct FoundationEssentials.URLComponents

/// What a viewer's URL asks of a manifest beyond its path: another time, and fewer renditions.
///
/// Spelled as AWS Elemental MediaPackage does (`start`, `end`, `time_delay`, `manifest_window_seconds`, also in
/// `aws.manifestsettings`; `aws.manifestfilter`), or in words of our own (`timedelay`, `window`, and a parameter for each
/// thing to filter by). Parameters that mean nothing here are passed over: players and CDNs add their own.
package struct ManifestQuery: Sendable, Hashable {
    package var shift = TimeShift()
    package var filter = ManifestFilter()

    /// Longer ones are refused.
    package static let maximumLength = 2048

    package init() {}

    /// - Parameter query: what follows the question mark, percent-encoded; nil: nothing.
    /// - Throws: why a parameter of ours cannot be taken.
    package init(parsing query: String?) throws(ManifestQueryError) {
        guard let query, !query.isEmpty else { return }
        guard query.utf8.count <= Self.maximumLength else {
            throw ManifestQueryError("the query is longer than \(Self.maximumLength) bytes")
        }
        guard let items = URLComponents(string: "?" + query)?.queryItems else {
            throw ManifestQueryError("the query is not percent-encoded as RFC 3986 says")
        }
        var words = Words()
        for item in items {
            let name = item.name.lowercased()
            switch name {
            case "aws.manifestfilter", "aws.manifestsettings":
                try take(list: item.value ?? "", of: name, &words)
            default:
                let isShift = try shift.take(name, item.value ?? "", &words)
                if !isShift { _ = try filter.take(name, item.value ?? "", &words, isOfMediaPackage: false) }
            }
        }
        try shift.validate()
    }

    /// `name:value;name:value`, where a value may hold colons.
    private mutating func take(
        list: String, of parameter: String, _ words: inout Words
    ) throws(ManifestQueryError) {
        for pair in list.split(separator: ";") {
            // Of colons alone as well there is a first part.
            let parts = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].trimmingPrefix { $0 == " " }.lowercased()
            guard parts.count == 2, !name.isEmpty, !parts[1].isEmpty else {
                throw ManifestQueryError("\(parameter): '\(Words.shown(name))' has no value")
            }
            let value = String(parts[1])
            let isKnown =
                try parameter == "aws.manifestfilter"
                ? filter.take(name, value, &words, isOfMediaPackage: true) : shift.take(name, value, &words)
            guard isKnown else { throw ManifestQueryError("\(parameter) has no '\(Words.shown(name))'") }
        }
    }

    /// The parameters seen so far: each may be there once.
    struct Words {
        private var seen: Set<String> = []

        mutating func note(_ name: String) throws(ManifestQueryError) {
            guard seen.insert(name).inserted else { throw ManifestQueryError("'\(name)' is there twice") }
        }

        /// A stranger's text, short and in one line.
        static func shown(_ text: some StringProtocol) -> String {
            String(text.unicodeScalars.prefix(40).map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
        }
    }
}

/// Why a manifest's query is refused, in a line for whoever wrote it.
package struct ManifestQueryError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
