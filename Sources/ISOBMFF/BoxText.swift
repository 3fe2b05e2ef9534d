import Media

extension ByteReader {
    /// UTF-8 up to a zero byte or the end of the box; whatever follows the zero is skipped.
    ///
    /// QuickTime writers leave the zero out, or write a length first: such text is taken as it comes.
    @_lifetime(self: copy self)
    mutating func readText() throws(ParseError) -> String {
        let bytes = try readBytes(remaining)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension ByteWriter {
    /// UTF-8 and a zero byte.
    mutating func write(text: String) {
        write(bytes: text.utf8.filter { $0 != 0 })
        write(UInt8(0))
    }
}
