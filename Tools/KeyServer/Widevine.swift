import Media

/// Widevine's `pssh` data: a protocol buffer of key_id (2, bytes) and protection_scheme (9, varint of the code).
enum Widevine {
    static func header(_ keyID: KeyID, _ scheme: ProtectionScheme) -> [UInt8] {
        var bytes: [UInt8] = [2 << 3 | 2, UInt8(keyID.bytes.count)] + keyID.bytes
        bytes.append(9 << 3)
        var rest = scheme.fourCC.rawValue
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }
}
