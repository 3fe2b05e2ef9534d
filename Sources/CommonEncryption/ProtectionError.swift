package import Media
package import OpenSSLCrypto

/// Why a sample or segment could not be protected. Whoever gets one must not send the bytes.
package enum ProtectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sample or a parameter set does not follow its format, or uses what cannot be protected safely.
    case malformed(ParseError)
    /// More subsamples than the 8-bit sizes of `saiz` can tell of. ISO/IEC 14496-12:2022, clause 8.7.8.
    case tooManySubsamples(Int, limit: Int)
    /// cbcs without a constant IV of 16 bytes, or cenc with one; an AES-128 IV that has not 16 bytes.
    case invalidIV
    /// The cipher refused.
    case cipher(OpenSSLError)

    package var description: String {
        switch self {
        case .malformed(let error): "sample cannot be protected: \(error)"
        case .tooManySubsamples(let count, let limit): "sample has \(count) subsamples, above \(limit)"
        case .invalidIV: "initialisation vector of the wrong kind or size"
        case .cipher(let error): "sample cannot be protected: \(error)"
        }
    }
}
