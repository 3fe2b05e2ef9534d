package import Media

/// A PlayReady object (PRO): the data of PlayReady's `pssh` box, of `mspr:pro` and of its EXT-X-KEY.
///
/// PlayReady Header Specification of September 2021, clause 2. All numbers are little-endian.
package struct PlayReadyObject: Sendable, Hashable {
    package struct Record: Sendable, Hashable {
        /// 1: a header; 3: an embedded licence store.
        package var type: UInt16
        /// At most 65,535 bytes.
        package var value: [UInt8]

        package init(type: UInt16, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    /// What the specification advises not to exceed, in bytes.
    package static let advisedSize = 15 << 10

    package var records: [Record]

    package init(records: [Record]) { self.records = records }

    /// An object with one header and nothing else.
    package init(_ header: PlayReadyHeader) { self.init(records: [Record(type: 1, value: header.serialize())]) }

    /// Bytes after the object, which some packagers leave, are passed over.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        let size = try reader.read(UInt32.self).byteSwapped
        guard size >= 6, size <= bytes.count else {
            throw ParseError(.truncated, at: 0, "an object of \(size) bytes in \(bytes.count)")
        }
        var object = try reader.readSlice(Int(size) - 4)
        let count = try object.read(UInt16.self).byteSwapped
        records = []
        for _ in 0..<count {
            let type = try object.read(UInt16.self).byteSwapped
            let length = try object.read(UInt16.self).byteSwapped
            records.append(Record(type: type, value: try object.readBytes(Int(length))))
        }
    }

    /// The header, where there is one that can be read.
    package var header: PlayReadyHeader? {
        get throws(ParseError) {
            guard let record = records.first(where: { $0.type == 1 }) else { return nil }
            return try PlayReadyHeader(parsing: record.value)
        }
    }

    package func serialize() -> [UInt8] {
        var writer = ByteWriter(capacity: 10 + records.reduce(0) { $0 + $1.value.count })
        writer.write(UInt32(0))
        writer.write(UInt16(clamping: records.count).byteSwapped)
        for record in records {
            precondition(record.value.count <= UInt16.max, "a record of at most 65,535 bytes")
            writer.write(record.type.byteSwapped)
            writer.write(UInt16(record.value.count).byteSwapped)
            writer.write(bytes: record.value)
        }
        writer.patch(UInt32(writer.count).byteSwapped, at: 0)
        return writer.bytes
    }
}
