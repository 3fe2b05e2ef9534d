import Access
import Media
import NIOCore
import NIOHTTP1
import Settings

/// A line of the access log. ASCII without control characters, whatever a request has: nobody writes lines but we.
enum AccessLine {
    /// Of one field; what is more is cut off.
    static let longestField = 512

    static func append(
        _ record: AccessRecord, _ format: DaemonConfiguration.AccessLog.Format, to line: inout [UInt8]
    ) {
        switch format {
        case .json: appendJSON(record, to: &line)
        case .combined: appendCombined(record, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
    }

    // MARK: JSON

    private static func appendJSON(_ record: AccessRecord, to line: inout [UInt8]) {
        var object = JSONLine()
        object.add("time", CivilTime(epochMilliseconds: record.epochMilliseconds).iso8601)
        object.add("address", record.address.map { "\($0)" })
        if record.head.uri != AccessRecord.nothing {
            let target = RequestTarget(record.head.uri)
            object.add("method", record.head.method.rawValue)
            object.add("path", target.loggedPath)
            object.add("query", target.loggedQuery)
            object.add("channel", target.loggedChannel)
            object.add("endpoint", target.loggedEndpoint)
        }
        object.add("protocol", version(record))
        object.add("status", number: "\(record.status)")
        object.add("bytes", number: "\(record.bytes)")
        object.add("durationMilliseconds", number: milliseconds(record))
        object.add("cache", source(record))
        if !record.isWhole { object.add("complete", number: "false") }
        object.add("subject", record.subject)
        object.add("session", record.session)
        object.add("userAgent", record.head.headers.first(name: "user-agent"))
        object.add("referer", record.head.headers.first(name: "referer").map { LoggedText.url($0) })
        object.add("requestId", requestID(record))
        let cmcd = CMCD(query: record.cmcd, headers: record.head.headers)
        if !cmcd.pairs.isEmpty {
            var inner = JSONLine()
            for (key, value) in cmcd.pairs {
                switch value {
                case .flag(let isTrue): inner.add(key, number: isTrue ? "true" : "false")
                case .number(let text): inner.add(key, number: text)
                case .text(let text): inner.add(key, text)
                }
            }
            object.add("cmcd", object: inner)
        }
        line += object.bytes
        line.append(UInt8(ascii: "}"))
    }

    /// An object as far as it goes, without its last brace.
    private struct JSONLine {
        var bytes: [UInt8] = [UInt8(ascii: "{")]

        mutating func add(_ name: String, _ text: String?) {
            guard let text else { return }
            begin(name)
            bytes.append(UInt8(ascii: "\""))
            LoggedText.appendJSON(text, atMost: AccessLine.longestField, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }

        mutating func add(_ name: String, number: String) {
            begin(name)
            bytes += number.utf8
        }

        mutating func add(_ name: String, object: JSONLine) {
            begin(name)
            bytes += object.bytes
            bytes.append(UInt8(ascii: "}"))
        }

        private mutating func begin(_ name: String) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes += "\"\(name)\":".utf8
        }
    }

    // MARK: Combined

    /// As Apache's and NCSA's servers have it.
    private static func appendCombined(_ record: AccessRecord, to line: inout [UInt8]) {
        func add(_ text: String, isWord: Bool = false) {
            LoggedText.appendPlain(text, atMost: longestField, isWord: isWord, to: &line)
        }
        func add(quoted text: String?) {
            line += " \"".utf8
            add(text ?? "-")
            line.append(UInt8(ascii: "\""))
        }
        add(record.address.map { "\($0)" } ?? "-")
        line += " - ".utf8
        add(record.subject.flatMap { $0.isEmpty ? nil : $0 } ?? "-", isWord: true)
        line += " [\(commonTime(record.epochMilliseconds))]".utf8
        if record.head.uri == AccessRecord.nothing {
            add(quoted: nil)
        } else {
            let target = RequestTarget(record.head.uri)
            let query = target.loggedQuery.map { "?\($0)" } ?? ""
            line += " \"".utf8
            add(record.head.method.rawValue, isWord: true)
            line.append(UInt8(ascii: " "))
            add(target.loggedPath + query, isWord: true)
            line += " \(version(record))\"".utf8
        }
        line += " \(record.status) \(record.bytes == 0 ? "-" : "\(record.bytes)")".utf8
        add(quoted: record.head.headers.first(name: "referer").map { LoggedText.url($0) })
        add(quoted: record.head.headers.first(name: "user-agent"))
    }

    /// `21/Nov/2026:23:59:59 +0000`, in UTC.
    private static func commonTime(_ epochMilliseconds: Int64) -> String {
        // Sat, 21 Nov 2026 23:59:59 GMT
        let words = CivilTime(epochMilliseconds: epochMilliseconds).imfFixdate.split(separator: " ")
        guard words.count == 6 else { return "-" }
        return "\(words[1])/\(words[2])/\(words[3]):\(words[4]) +0000"
    }

    // MARK: Fields

    private static func version(_ record: AccessRecord) -> String {
        "HTTP/\(record.head.version.major).\(record.head.version.minor)"
    }

    private static func milliseconds(_ record: AccessRecord) -> String {
        let microseconds = max(record.duration.nanoseconds / 1000, 0)
        return "\(microseconds / 1000).\(String(microseconds % 1000 + 1000).dropFirst())"
    }

    /// Of what was refused or is not there it says nothing.
    private static func source(_ record: AccessRecord) -> String? {
        record.status < 400 ? record.source?.rawValue : nil
    }

    /// As whoever is in front calls the request.
    private static func requestID(_ record: AccessRecord) -> String? {
        record.head.headers.first(name: "x-request-id") ?? record.head.headers.first(name: "x-amz-cf-id")
    }
}
