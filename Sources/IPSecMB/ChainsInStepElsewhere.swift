#if !arch(x86_64)
    package import OpenSSLCrypto

    /// Where there is no libipsec-mb: there is none, and OpenSSL enciphers one message after the other.
    package final class ChainsInStep: Sendable {
        package static let isPossible = false

        /// What nothing can have.
        private let never: Never

        package init?() { nil }

        package func schedule(of key: Span<UInt8>) -> SecretBytes { switch never {} }
        package func encrypt(_ steps: [Step]) -> Bool { switch never {} }
        package func encrypt(
            _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int, schedule: SecretBytes,
            iv: UInt64, at position: Int
        ) -> Bool { switch never {} }
        package func forget() { switch never {} }
    }
#endif
