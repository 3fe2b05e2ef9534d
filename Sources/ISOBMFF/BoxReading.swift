package import Media

/// The size and type in front of a box. ISO/IEC 14496-12:2022, clause 4.2.2.
package struct BoxHeader: Sendable, Equatable {
    package var type: FourCC
    /// 8, or 16 where the size is written in 64 bits.
    package var headerSize: Int
    package var payloadSize: Int

    package var size: Int { headerSize + payloadSize }
}

extension ByteReader {
    /// Reads the next box's header; the payload, which lies wholly within this reader, comes next.
    ///
    /// A size of 0, "to the end of the file", is refused: nothing that is streamed has it.
    @_lifetime(self: copy self)
    package mutating func readBoxHeader() throws(ParseError) -> BoxHeader {
        let start = offset
        let available = remaining
        let shortSize = try read(UInt32.self)
        let type = FourCC(rawValue: try read(UInt32.self))
        var size = Int(shortSize)
        if shortSize == 1 {
            guard let longSize = Int(exactly: try read(UInt64.self)) else {
                throw ParseError(.truncated, at: start, "\(type) is larger than 63 bits can say")
            }
            size = longSize
        }
        let headerSize = offset - start
        guard size >= headerSize else { throw ParseError(.invalid, at: start, "\(type) has the size \(size)") }
        guard size <= available else {
            throw ParseError(.truncated, at: start, "\(type) has \(size) bytes, \(available) are there")
        }
        return BoxHeader(type: type, headerSize: headerSize, payloadSize: size - headerSize)
    }

    /// Reads the payload of a box whose header was just read, to its last byte.
    ///
    /// An error inside comes out with this box added to its path and counted from this reader's start.
    @_lifetime(self: copy self)
    package mutating func readBox<B: Box>(_ header: BoxHeader, as type: B.Type = B.self) throws(ParseError) -> B {
        let start = offset
        var payload = try readSlice(header.payloadSize)
        do throws(ParseError) {
            let box = try B(reading: &payload)
            guard payload.isAtEnd else {
                throw ParseError(.invalid, at: payload.offset, "\(payload.remaining) bytes too many")
            }
            return box
        } catch {
            throw error.inside(header.type, at: start)
        }
    }

    /// Reads a box that may stand only once.
    @_lifetime(self: copy self)
    package mutating func readBox<B: Box>(_ header: BoxHeader, once box: inout B?) throws(ParseError) {
        guard box == nil else { throw ParseError(.invalid, at: offset, "a second \(header.type)") }
        box = try readBox(header)
    }

    /// The whole box, header included, as it would be written anew.
    @_lifetime(self: copy self)
    package mutating func readWholeBox(_ header: BoxHeader) throws(ParseError) -> [UInt8] {
        guard let size = UInt32(exactly: header.payloadSize + 8) else {
            throw ParseError(.tooLarge, at: offset, "\(header.type) of \(header.size) bytes")
        }
        var writer = ByteWriter(capacity: Int(size))
        writer.write(size)
        writer.write(header.type)
        writer.write(bytes: try readBytes(header.payloadSize))
        return writer.bytes
    }

    @_lifetime(self: copy self)
    package mutating func skipBox(_ header: BoxHeader) throws(ParseError) { try skip(header.payloadSize) }

    /// Version and flags of a "full box". ISO/IEC 14496-12:2022, clause 4.2.2.
    /// - Parameter maximumVersion: a higher one is an error, as its layout is not known.
    @_lifetime(self: copy self)
    package mutating func readFullBox(maximumVersion: UInt8 = 0) throws(ParseError) -> (version: UInt8, flags: UInt32) {
        let version = try read(UInt8.self)
        guard version <= maximumVersion else { throw ParseError(.unsupported, at: 0, "version \(version)") }
        return (version, try readUInt24())
    }

    /// A number of table entries, checked against the bytes that are there before anything is allocated.
    /// - Parameter entrySize: the fewest bytes that an entry takes, at least 1.
    @_lifetime(self: copy self)
    package mutating func readCount(entrySize: Int) throws(ParseError) -> Int {
        let start = offset
        let count = Int(try read(UInt32.self))
        guard count <= remaining / entrySize else {
            throw ParseError(.truncated, at: start, "\(count) entries in \(remaining) bytes")
        }
        return count
    }

    /// A table of numbers at once: the generic `read` is not specialised across modules, and runs are long.
    /// - Parameter count: checked by the caller against the bytes that are there.
    @_lifetime(self: copy self)
    mutating func readTable(count: Int) throws(ParseError) -> [UInt32] {
        let bytes = try readBytes(count * 4)
        var table: [UInt32] = []
        table.reserveCapacity(count)
        var index = 0
        while index < bytes.count {
            let high = UInt32(bytes[index]) << 24 | UInt32(bytes[index + 1]) << 16
            table.append(high | UInt32(bytes[index + 2]) << 8 | UInt32(bytes[index + 3]))
            index += 4
        }
        return table
    }

    @_lifetime(self: copy self)
    package mutating func readFourCC() throws(ParseError) -> FourCC { FourCC(rawValue: try read(UInt32.self)) }

    @_lifetime(self: copy self)
    package mutating func readKeyID() throws(ParseError) -> KeyID {
        let start = offset
        guard let keyID = KeyID(bytes: try readBytes(16)) else {
            throw ParseError(.invalid, at: start, "not a key ID")
        }
        return keyID
    }

    /// A time or duration: 64 bits in version 1, 32 before.
    @_lifetime(self: copy self)
    package mutating func readTime(version: UInt8) throws(ParseError) -> UInt64 {
        version == 1 ? try read(UInt64.self) : UInt64(try read(UInt32.self))
    }
}

extension ParseError {
    /// The same error seen from the box around it: the path grows by `type`, the offset by the payload's start.
    package func inside(_ type: FourCC, at start: Int) -> ParseError {
        ParseError(code, at: offset + start, "/\(type)" + (reason.hasPrefix("/") ? reason : ": " + reason))
    }

    /// What a container says when a box that it must have is not in it.
    package static func missing(_ type: FourCC) -> ParseError { ParseError(.invalid, at: 0, "no \(type)") }
}

extension Optional where Wrapped: Box {
    /// The box, which its container must have.
    package func required() throws(ParseError) -> Wrapped {
        guard let self else { throw .missing(Wrapped.boxType) }
        return self
    }
}
