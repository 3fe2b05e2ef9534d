import Media

/// Takes an input apart into the pieces that a target wants; at the end everything is empty or zero.
struct Input {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number16() -> Int { Int(byte()) << 8 | Int(byte()) }

    mutating func number32() -> Int { number16() << 16 | number16() }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
