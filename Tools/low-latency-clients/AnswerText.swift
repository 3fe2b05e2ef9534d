/// Where a part is: a segment's number and the part's within it.
struct Place: Hashable, Comparable, CustomStringConvertible {
    var number: Int
    var part: Int

    static func < (one: Place, other: Place) -> Bool { (one.number, one.part) < (other.number, other.part) }

    var description: String { "\(number).\(part)" }
}

/// What is looked for in answers of the origin, which writes its fields in small letters.
enum AnswerText {
    /// Behind the empty line.
    static func endOfHead(_ text: [UInt8]) -> Int? {
        var at = 3
        while at < text.count {
            if text[at] == 10, text[at - 1] == 13, text[at - 2] == 10, text[at - 3] == 13 { return at + 1 }
            at += 1
        }
        return nil
    }

    static func length(_ head: ArraySlice<UInt8>) -> Int? {
        guard let at = last("content-length: ", in: head) else { return nil }
        return number(head, at)?.value
    }

    /// The part that is hinted, and the URI of its segment's folder.
    static func hint(_ playlist: [UInt8]) -> (place: Place, folder: [UInt8])? {
        guard let tag = last("#EXT-X-PRELOAD-HINT:", in: playlist[...]),
            let line = playlist[tag...].firstIndex(of: 10),
            let uri = last("URI=\"", in: playlist[tag..<line]),
            let end = playlist[uri...].firstIndex(of: UInt8(ascii: "\"")),
            let slash = playlist[uri..<end].lastIndex(of: UInt8(ascii: "/")),
            let segment = number(playlist[..<end], slash + 1),
            let part = number(playlist[..<end], segment.end + 1)
        else { return nil }
        return (Place(number: segment.value, part: part.value), Array(playlist[uri...slash]))
    }

    /// Behind the last time that it is there.
    private static func last(_ words: StaticString, in text: ArraySlice<UInt8>) -> Int? {
        let count = words.utf8CodeUnitCount
        return words.withUTF8Buffer { words in
            text.withUnsafeBufferPointer { bytes in
                var at = bytes.count - count
                while at >= 0 {
                    if bytes[at] == words[0], (1..<count).allSatisfy({ bytes[at + $0] == words[$0] }) {
                        return text.startIndex + at + count
                    }
                    at -= 1
                }
                return nil
            }
        }
    }

    private static func number(_ text: ArraySlice<UInt8>, _ start: Int) -> (value: Int, end: Int)? {
        var (value, at) = (0, start)
        while at < text.endIndex, text[at] >= 48, text[at] <= 57, at - start < 18 {
            value = value * 10 + Int(text[at] - 48)
            at += 1
        }
        return at > start ? (value, at) : nil
    }
}
