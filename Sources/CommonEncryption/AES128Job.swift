package import MediaMemory
import OpenSSLCrypto

/// A segment that is still to be encrypted as a whole (`METHOD=AES-128`); nobody can have its bytes before.
///
/// `encrypted` does it at once. Who has a faster way to do many at a time takes what there is instead, with the key and the
/// IV. Either is done once.
package final class AES128Job: @unchecked Sendable {  // why: it has one owner at a time, who hands it on
    package let key: ContentKey
    /// 16 bytes.
    package let iv: [UInt8]
    /// Of the encrypted segment, padding included.
    package let count: Int
    /// What is to be read, where that does not lie in the draft.
    package let source: MediaBytes?
    private var clear: MediaDraft?

    /// - Parameters:
    ///   - clear: one whole segment, with room for `AES128Segment.protectedSize`; it is encrypted where it lies.
    ///   - iv: as the playlist's IV attribute says; anything but 16 bytes throws.
    package init(inPlace clear: consuming MediaDraft, key: ContentKey, iv: [UInt8]) throws(ProtectionError) {
        guard iv.count == AESCBC.blockSize else { throw .invalidIV }
        count = AES128Segment.protectedSize(of: clear.count)
        self.key = key
        self.iv = iv
        source = nil
        self.clear = consume clear
    }

    /// - Parameters:
    ///   - source: one whole segment, which stays as it is.
    ///   - iv: as the playlist's IV attribute says; anything but 16 bytes throws.
    package init(of source: MediaBytes, key: ContentKey, iv: [UInt8]) throws(ProtectionError) {
        guard iv.count == AESCBC.blockSize else { throw .invalidIV }
        count = AES128Segment.protectedSize(of: source.count)
        self.key = key
        self.iv = iv
        self.source = source
    }

    package func encrypted() throws(ProtectionError) -> MediaBytes {
        if let source { return try AES128Segment.draft(source.span, key: key, iv: iv).finish() }
        var draft = taken()
        try AES128Segment.protect(inPlace: &draft, key: key, iv: iv)
        return draft.finish()
    }

    /// Bytes of `source`, in whole blocks, that are to be read from there.
    package var countFromSource: Int { source.map { $0.count - $0.count % AESCBC.blockSize } ?? 0 }

    /// The memory to encrypt to, with `count` bytes: clear and padded, but for the first `countFromSource`.
    package func draft() -> MediaDraft {
        guard let source else {
            var draft = taken()
            AES128Segment.pad(&draft)
            return draft
        }
        var draft = MediaDraft(capacity: count)
        draft.reserve(countFromSource)
        draft.append(source.span.extracting(countFromSource..<source.count))
        AES128Segment.pad(&draft)
        return draft
    }

    private func taken() -> MediaDraft {
        guard let draft = clear.take() else { preconditionFailure("a job is done once") }  // why: our own mistake
        return draft
    }
}
