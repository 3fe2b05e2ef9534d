/// What is said of a baseline JPEG picture ahead of its data. ITU-T T.81, annex B.
///
/// Strict: one frame of one scan, nothing before it and nothing behind it, so that bytes that pass are a picture and
/// cannot be anything else besides.
package struct JPEGPicture: Sendable, Equatable {
    package let width: Int
    package let height: Int

    /// No picture of ours is larger.
    package static let mostBytes = 4 << 20

    package init(parsing bytes: Span<UInt8>) throws(ParseError) {
        guard bytes.count <= Self.mostBytes else { throw ParseError(.tooLarge, at: 0, "\(bytes.count) bytes") }
        var reader = ByteReader(bytes)
        guard try reader.read(UInt16.self) == 0xFFD8 else { throw ParseError(.invalid, at: 0, "no start of image") }
        var size: (width: Int, height: Int)?
        var isScanned = false
        while !isScanned {
            let place = reader.offset
            let marker = try reader.read(UInt16.self)
            let length = Int(try reader.read(UInt16.self))
            guard length >= 2, length - 2 <= reader.remaining else {
                throw ParseError(.truncated, at: place, "a segment of \(length) bytes")
            }
            let end = reader.offset + length - 2
            switch marker {
            // Tables, restart intervals, applications' data, comments.
            case 0xFFDB, 0xFFC4, 0xFFDD, 0xFFE0...0xFFEF, 0xFFFE: break
            case 0xFFC0:
                guard size == nil else { throw ParseError(.invalid, at: place, "a second frame") }
                size = try Self.readFrame(&reader, end: end)
            case 0xFFDA:
                guard size != nil else { throw ParseError(.invalid, at: place, "a scan without a frame") }
                isScanned = true
            default: throw ParseError(.unsupported, at: place, "marker \(String(marker, radix: 16))")
            }
            guard end >= reader.offset else { throw ParseError(.invalid, at: place, "a segment of \(length) bytes") }
            try reader.skip(end - reader.offset)
        }
        try Self.requireEnd(bytes, from: reader.offset)
        guard let size else { throw ParseError(.invalid, at: 0, "no frame") }
        (width, height) = size
    }

    /// Clause B.2.2: 8 bits a component; grey or three colours.
    @_lifetime(reader: copy reader)
    private static func readFrame(
        _ reader: inout ByteReader, end: Int
    ) throws(ParseError) -> (width: Int, height: Int) {
        let place = reader.offset
        guard end - place >= 6 else { throw ParseError(.truncated, at: place, "a frame header") }
        let precision = try reader.read(UInt8.self)
        let height = Int(try reader.read(UInt16.self))
        let width = Int(try reader.read(UInt16.self))
        let components = Int(try reader.read(UInt8.self))
        guard precision == 8, width > 0, height > 0, components == 1 || components == 3,
            end - place == 6 + 3 * components
        else { throw ParseError(.unsupported, at: place, "a frame of \(width)x\(height), \(components) components") }
        return (width, height)
    }

    /// The data of the scan, in which only restarts are marked, goes up to the end of the image, and that is the end of
    /// the bytes. Clause B.1.1.5.
    private static func requireEnd(_ bytes: Span<UInt8>, from start: Int) throws(ParseError) {
        var place = start
        while place + 1 < bytes.count {
            guard bytes[place] == 0xFF else {
                place += 1
                continue
            }
            switch bytes[place + 1] {
            case 0x00, 0xD0...0xD7: place += 2
            case 0xD9:
                guard place + 2 == bytes.count else {
                    throw ParseError(.invalid, at: place, "\(bytes.count - place - 2) bytes behind the image")
                }
                return
            default: throw ParseError(.invalid, at: place, "a marker inside the scan")
            }
        }
        throw ParseError(.truncated, at: bytes.count, "no end of image")
    }
}
