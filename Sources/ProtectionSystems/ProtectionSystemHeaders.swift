package import ISOBMFF
package import Media

/// `pssh` boxes one after the other, as key providers send them and segments carry them. ISO/IEC 23001-7:2023,
/// clause 8.1.
package enum ProtectionSystemHeaders {
    /// One or more whole boxes, and nothing else.
    package static func parse(_ bytes: [UInt8]) throws(ParseError) -> [ProtectionSystemSpecificHeader] {
        var boxes: [ProtectionSystemSpecificHeader] = []
        var start = 0
        repeat {
            var reader = ByteReader(bytes.span.extracting(start...))
            let size = Int(try reader.read(UInt32.self))
            guard size >= 8, size <= bytes.count - start else {
                throw ParseError(.truncated, at: start, "a box of \(size) bytes in \(bytes.count - start)")
            }
            boxes.append(try ProtectionSystemSpecificHeader(parsing: bytes.span.extracting(start..<start + size)))
            start += size
        } while start < bytes.count
        return boxes
    }
}

extension ProtectionSystemSpecificHeader {
    /// The keys it is about: those that version 1 lists, else those within the data of Widevine and PlayReady.
    ///
    /// Empty where a system says it in a way we do not know, or not at all.
    package var namedKeyIDs: [KeyID] {
        get throws(ParseError) {
            if !keyIDs.isEmpty { return keyIDs }
            switch systemID {
            case .widevine: return try WidevineHeader(parsing: data).keyIDs
            case .playReady: return try PlayReadyObject(parsing: data).header?.keys.map(\.keyID) ?? []
            default: return []
            }
        }
    }
}
