package import Media

/// The data of a Widevine `pssh` box: what a licence server needs to know which keys are asked for.
///
/// Widevine's message WidevineCencHeader, here with the fields that packagers write and servers read. Others are
/// passed over when reading.
package struct WidevineHeader: Sendable, Hashable {
    /// Field 2, repeated.
    package var keyIDs: [KeyID]
    /// Field 3: who packaged it, as registered with Widevine. Older headers carry it.
    package var provider: String?
    /// Field 4: the name of the content at its provider, any bytes.
    package var contentID: [UInt8]?
    /// Field 7: the key period, for servers that derive keys from it.
    package var cryptoPeriodIndex: UInt32?
    /// Field 9: the scheme's code as a big-endian number; nil stands for `cenc`.
    package var protectionScheme: FourCC?
    /// Field 10.
    package var cryptoPeriodSeconds: UInt32?

    package init(
        keyIDs: [KeyID], provider: String? = nil, contentID: [UInt8]? = nil, cryptoPeriodIndex: UInt32? = nil,
        protectionScheme: FourCC? = nil, cryptoPeriodSeconds: UInt32? = nil
    ) {
        self.keyIDs = keyIDs
        self.provider = provider
        self.contentID = contentID
        self.cryptoPeriodIndex = cryptoPeriodIndex
        self.protectionScheme = protectionScheme
        self.cryptoPeriodSeconds = cryptoPeriodSeconds
    }

    /// Reads a `pssh` box's data. Key ids of another size than 16 bytes, which are Widevine's own, are passed over.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        self.init(keyIDs: [])
        for field in try ProtocolBuffer.fields(bytes) {
            switch (field.number, field.value) {
            case (2, .bytes(let bytes)): if let id = KeyID(bytes: bytes) { keyIDs.append(id) }
            case (3, .bytes(let bytes)): provider = String(validating: bytes, as: UTF8.self)
            case (4, .bytes(let bytes)): contentID = bytes
            case (7, .varint(let value)): cryptoPeriodIndex = UInt32(truncatingIfNeeded: value)
            case (9, .varint(let value)): protectionScheme = FourCC(rawValue: UInt32(truncatingIfNeeded: value))
            case (10, .varint(let value)): cryptoPeriodSeconds = UInt32(truncatingIfNeeded: value)
            default: break
            }
        }
    }

    /// The message, its fields in the order of their numbers.
    package func serialize() -> [UInt8] {
        var bytes: [UInt8] = []
        for id in keyIDs { ProtocolBuffer.write(id.bytes, as: 2, to: &bytes) }
        if let provider { ProtocolBuffer.write(Array(provider.utf8), as: 3, to: &bytes) }
        if let contentID { ProtocolBuffer.write(contentID, as: 4, to: &bytes) }
        if let cryptoPeriodIndex { ProtocolBuffer.write(UInt64(cryptoPeriodIndex), as: 7, to: &bytes) }
        if let protectionScheme { ProtocolBuffer.write(UInt64(protectionScheme.rawValue), as: 9, to: &bytes) }
        if let cryptoPeriodSeconds { ProtocolBuffer.write(UInt64(cryptoPeriodSeconds), as: 10, to: &bytes) }
        return bytes
    }
}
