/// A tag of an FLV file. Adobe Flash Video File Format 10.1, annex E.4.
struct RecordedTag {
    var type: UInt8
    var timestamp: UInt32
    var body: [UInt8]

    static func all(of file: [UInt8]) -> [RecordedTag] {
        var tags: [RecordedTag] = []
        func number(_ range: Range<Int>) -> Int { file[range].reduce(0) { $0 << 8 | Int($1) } }
        var offset = 13
        while offset + 11 <= file.count {
            let size = number(offset + 1..<offset + 4)
            let timestamp = UInt32(number(offset + 4..<offset + 7)) | UInt32(file[offset + 7]) << 24
            tags.append(
                RecordedTag(
                    type: file[offset], timestamp: timestamp, body: Array(file[offset + 11..<offset + 11 + size])))
            offset += 11 + size + 4
        }
        return tags
    }
}
