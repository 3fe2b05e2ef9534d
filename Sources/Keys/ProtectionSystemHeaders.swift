import Media

/// A look at the `pssh` boxes of a provider, which later go into segments unchanged. ISO/IEC 23001-7:2023, clause 8.1.
enum ProtectionSystemHeaders {
    /// Throws unless the bytes are one or more whole `pssh` boxes of this system.
    static func check(_ bytes: [UInt8], systemID: DRMSystemID) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        repeat {
            let start = reader.offset
            let size = try reader.read(UInt32.self)
            guard try reader.read(UInt32.self) == FourCC("pssh").rawValue else {
                throw ParseError(.invalid, at: start, "not a pssh box")
            }
            guard size >= 8 else { throw ParseError(.invalid, at: start, "a box of \(size) bytes") }
            var box = try reader.readSlice(Int(size) - 8)
            let version = try box.read(UInt8.self)
            guard version <= 1 else { throw ParseError(.unsupported, at: start, "version \(version)") }
            try box.skip(3)
            guard try box.readBytes(16) == systemID.id.bytes else {
                throw ParseError(.invalid, at: start, "another system's")
            }
            if version == 1 {
                let count = try box.read(UInt32.self)
                guard count <= 4096 else { throw ParseError(.tooLarge, at: start, "\(count) KIDs") }
                try box.skip(Int(count) * 16)
            }
            try box.skip(Int(try box.read(UInt32.self)))
            guard box.isAtEnd else { throw ParseError(.invalid, at: start, "bytes after its data") }
        } while !reader.isAtEnd
    }
}
