import OpenSSLCrypto
import Sealing

/// What the macros of Testing cannot take a span for.
extension HostKey {
    static func of(_ bytes: some Sequence<UInt8>) throws -> HostKey {
        let bytes = Array(bytes)
        guard let key = HostKey(copying: bytes.span) else { throw HostKeyText.Failure.form(byteCount: bytes.count) }
        return key
    }
}

extension SealingKey {
    func sealing(_ plain: [UInt8], _ context: [String]) throws -> [UInt8] { try seal(plain.span, context: context) }
    func opening(_ sealed: [UInt8], _ context: [String]) -> [UInt8]? { open(sealed.span, context: context) }
    func openingSecret(_ sealed: [UInt8], _ context: [String]) -> [UInt8]? {
        openSecret(sealed.span, context: context)?.copy
    }
}

extension SecretBytes {
    var copy: [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<count { bytes.append(span[index]) }
        return bytes
    }
}
