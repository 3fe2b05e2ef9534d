extension String {
    /// Whether it is this name of a field, in letters of either case, of which a name has no others than a token's. RFC 9110,
    /// clauses 5.1 and 5.6.2.
    /// - Parameter name: in small letters.
    func isField(_ name: StaticString) -> Bool {
        let bytes = utf8.span
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { name in
            for index in bytes.indices {
                let byte = bytes[index]
                guard name[index] == ((0x41...0x5A).contains(byte) ? byte | 0x20 : byte) else { return false }
            }
            return true
        }
    }
}
