package import Media

/// The framing of both directions: a 4-byte length of what follows, a type byte, the body. All numbers big-endian.
package enum Frame {
    /// Version of this format; both sides refuse any other.
    package static let version: UInt16 = 4
    /// The largest message body: 30 s of a 20 Mb/s rung would be 75 MB, a chunk of 1 s is 2.5 MB.
    package static let maximumBodySize = 16 << 20

    static func write(type: UInt8, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.write(UInt32(0))
        writer.write(type)
        body(&writer)
        precondition(writer.count - 5 <= maximumBodySize, "our own message is over its bound")
        writer.patch(UInt32(writer.count - 4), at: 0)
        return writer.bytes
    }
}

/// Cuts a byte stream into frames. Holds at most one unfinished frame.
package struct FrameReader: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    package init() {}

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil until more bytes come.
    package mutating func next() throws(ParseError) -> (type: UInt8, body: [UInt8])? {
        try next { type, body in (type, unsafe body.withUnsafeBufferPointer { unsafe Array($0) }) }
    }

    /// What `take` makes of the next whole frame's type and body, or nil until more bytes come.
    package mutating func next<Message>(
        _ take: (UInt8, Span<UInt8>) throws(ParseError) -> Message
    ) throws(ParseError) -> Message? {
        let available = buffer.count - start
        guard available >= 5 else {
            // What was given goes here too, or a beginning of a header at every read would keep all of it.
            if start > 0 { makeRoom(for: 5) }
            return nil
        }
        var length = 0
        for index in 0..<4 { length = length << 8 | Int(buffer[start + index]) }
        guard length >= 1, length - 1 <= Frame.maximumBodySize else {
            throw ParseError(.tooLarge, at: 0, "message of \(length) bytes")
        }
        guard available >= 4 + length else {
            makeRoom(for: 4 + length)
            return nil
        }
        let message = try take(buffer[start + 4], buffer.span.extracting(start + 5..<start + 4 + length))
        start += 4 + length
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
            start = 0
        }
        return message
    }

    /// What stays between frames: a chunk comes once a second, and hundreds of readers wait side by side.
    private static let keptCapacity = 1 << 14

    /// What may come in one read with the end of a frame.
    private static let readAhead = 1 << 16

    /// Takes out what was given, and makes room for the whole frame at once: a buffer that doubles until it fits would
    /// be copied over and over, and end up to twice as large.
    private mutating func makeRoom(for length: Int) {
        guard start > 0 || buffer.capacity < length else { return }
        var rest: [UInt8] = []
        rest.reserveCapacity(length + Self.readAhead)
        rest += buffer[start...]
        buffer = rest
        start = 0
    }
}

extension ByteWriter {
    /// A 16-bit length and UTF-8, cut off between two scalars where it is longer than whoever reads it takes.
    mutating func writeText(_ text: String) {
        var bytes = text.utf8.prefix(WorkerLimits.textBytes)
        if bytes.count < text.utf8.count {
            while let next = text.utf8[bytes.endIndex...].first, next & 0xC0 == 0x80 { bytes.removeLast() }
        }
        write(UInt16(bytes.count))
        write(bytes: bytes)
    }

    mutating func writeBlob(_ bytes: [UInt8]) {
        write(UInt32(bytes.count))
        write(bytes: bytes)
    }
}

extension ByteReader {
    @_lifetime(self: copy self)
    mutating func readText(atMost limit: Int) throws(ParseError) -> String {
        let length = Int(try read(UInt16.self))
        guard length <= limit else {
            throw ParseError(.tooLarge, at: offset, "text of \(length) bytes, \(limit) allowed")
        }
        guard let text = String(validating: try readBytes(length), as: UTF8.self) else {
            throw ParseError(.invalid, at: offset, "text is not UTF-8")
        }
        return text
    }

    @_lifetime(self: copy self)
    mutating func readBlob(atMost limit: Int) throws(ParseError) -> [UInt8] {
        let length = Int(try read(UInt32.self))
        guard length <= limit else { throw ParseError(.tooLarge, at: offset, "\(length) bytes, \(limit) allowed") }
        return try readBytes(length)
    }

    func requireEnd() throws(ParseError) {
        guard isAtEnd else { throw ParseError(.invalid, at: offset, "\(remaining) bytes left over") }
    }
}
