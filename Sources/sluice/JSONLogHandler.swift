import Files
import Foundation
import Logging

/// Log lines as JSON objects on standard error, one each: time (ISO 8601, with its date, UTC), level, message and metadata.
struct JSONLogHandler: LogHandler {
    private struct Line: Encodable {
        let time: String
        let level: String
        let message: String
        let metadata: [String: String]

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Name.self)
            try container.encode(time, forKey: Name("time"))
            try container.encode(level, forKey: Name("level"))
            try container.encode(message, forKey: Name("message"))
            for (key, value) in metadata where !["time", "level", "message"].contains(key) {
                try container.encode(value, forKey: Name(key))
            }
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ value: String) { stringValue = value }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    let output: LineOutput
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let bytes = Self.bytes(event.level, event.message.description, all.mapValues(\.description))
        output.add(bytes) { Self.bytes(.warning, LogText.loss($0), [:]) }
    }

    private static func bytes(_ level: Logger.Level, _ message: String, _ metadata: [String: String]) -> [UInt8] {
        let line = Line(
            time: Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
            level: level.rawValue, message: message, metadata: metadata)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(line) else { return [] }
        return Array(bytes) + [UInt8(ascii: "\n")]
    }
}
