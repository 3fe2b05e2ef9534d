/// Channel and stream key, as encoders spread them over application and stream name.
///
/// `rtmp://HOST/CHANNEL` with key KEY arrives as application `CHANNEL`, name `KEY`. An encoder with one URL box may
/// send application `CHANNEL/KEY` and no name; others put a query behind either. Queries are dropped.
struct StreamAddress: Equatable {
    var app: String
    var key: String

    init(application: String, streamName: String) {
        let components = Self.withoutQuery(application).split(separator: "/")
        app = components.first.map(String.init) ?? ""
        let name = Self.withoutQuery(streamName)
        key = name.isEmpty ? components.dropFirst().joined(separator: "/") : String(name)
    }

    /// `url` up to and with its first path component, which names the channel; the rest could be a key.
    static func redacted(url: String) -> String {
        let parts = withoutQuery(url).split(separator: "/", maxSplits: 4, omittingEmptySubsequences: false)
        // Credentials before the host are secrets as well.
        guard parts.count >= 3, parts[1].isEmpty else { return "" }
        let host = parts[2].split(separator: "@").last ?? ""
        return "\(parts[0])//\(host)" + (parts.count > 3 ? "/\(parts[3])" : "")
    }

    private static func withoutQuery(_ text: String) -> Substring {
        text.prefix { $0 != "?" && $0 != "#" }
    }
}
