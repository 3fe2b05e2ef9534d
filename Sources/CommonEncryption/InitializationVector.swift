package import Media
import OpenSSLCrypto

/// Initialisation vectors as functions of what they are for: the same on every node and after every restart.
///
/// None is a secret. What matters is that a cenc IV never comes twice under one key, and that a CBC IV
/// differs between things that start alike.
package enum InitializationVector {
    /// The 8-byte IV of one cenc sample: 8 bits of track, then the low 56 bits of its decode time.
    ///
    /// Unique under a key as long as every track that shares it has an index of its own and decode times
    /// of a track never come twice. The block counter has the other 64 bits, so samples never overlap.
    /// 2^56 ticks at 90 kHz are 25,000 years.
    ///
    /// - Parameters:
    ///   - trackIndex: the number of the track within its channel, kept for ever.
    ///   - decodeTime: in ticks of the track's timescale, from the epoch; never negative in practice, and
    ///     a negative one still gives an IV of its own.
    package static func cencIV(trackIndex: UInt8, decodeTime: Int64) -> UInt64 {
        UInt64(trackIndex) << 56 | UInt64(bitPattern: decodeTime) & 0x00FF_FFFF_FFFF_FFFF
    }

    /// The constant IV of a cbcs key, 16 bytes: the first half of SHA-256("sluice constant iv 1" ++ KID).
    package static func constantIV(keyID: KeyID) -> [UInt8] {
        var input = ByteWriter(capacity: 64)
        input.write(bytes: "sluice constant iv 1".utf8)
        input.write(bytes: keyID.bytes)
        return Array(sha256(input.bytes).prefix(16))
    }
}
