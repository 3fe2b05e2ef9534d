package import Media
package import MediaMemory
import OpenSSLCrypto

/// Whole-file encryption of HLS, `METHOD=AES-128`. RFC 8216, clause 4.3.2.4: AES-128-CBC with PKCS#7 padding.
package enum AES128Segment {
    /// What one track has under one key, each with an IV of its own.
    package enum Resource: Sendable, Hashable {
        /// A CMAF segment, by its number.
        case segment(UInt64)
        /// A CMAF header (`EXT-X-MAP`), by the generation of its track. Encrypted only where the playlist has it
        /// behind an `EXT-X-KEY` that is in force.
        case header(generation: UInt64)
        /// A transport stream segment, by its number, with the index of the audio track that is in it beside video.
        case transportStream(UInt64, audio: UInt8? = nil)
        /// A CMAF segment's first picture by itself, by the segment's number.
        case iFrame(UInt64)
        /// The same as a transport stream.
        case iFrameTransportStream(UInt64)
        /// A sheet of thumbnails, by its segment's number.
        case image(UInt64)
        /// Subtitles as a text file, by their segment's number.
        case subtitles(UInt64)
    }

    /// The IV of one file: 16 bytes that no other file under the same key has.
    ///
    /// 8 bytes that tell kinds and tracks apart and 8 of the number or generation, big-endian; all of it combined
    /// by exclusive or with the first half of SHA-256("sluice aes-128 iv 2" ++ KID). As that mask is the same for
    /// everything under a key, two files have the same IV only where they are the same file.
    ///
    /// - Parameter trackIndex: the number of the track within its channel, kept for ever.
    package static func iv(keyID: KeyID, trackIndex: UInt8, _ resource: Resource) -> [UInt8] {
        var name = ByteWriter(capacity: 16)
        switch resource {
        case .segment(let number): name.write(kind: 0, trackIndex, 0, number)
        case .header(let generation): name.write(kind: 1, trackIndex, 0, generation)
        case .transportStream(let number, nil): name.write(kind: 2, trackIndex, 0, number)
        case .transportStream(let number, let audio?): name.write(kind: 3, trackIndex, audio, number)
        case .iFrame(let number): name.write(kind: 4, trackIndex, 0, number)
        case .iFrameTransportStream(let number): name.write(kind: 5, trackIndex, 0, number)
        case .image(let number): name.write(kind: 6, trackIndex, 0, number)
        case .subtitles(let number): name.write(kind: 7, trackIndex, 0, number)
        }
        return zip(name.bytes, sha256(Array("sluice aes-128 iv 2".utf8) + keyID.bytes)).map { $0 ^ $1 }
    }

    /// - Parameters:
    ///   - bytes: one whole segment (or one EXT-X-MAP file).
    ///   - iv: 16 bytes, as the playlist's IV attribute says.
    /// - Returns: 1 to 16 bytes more than `bytes`.
    package static func protect(
        _ bytes: Span<UInt8>, key: ContentKey, iv: [UInt8]
    ) throws(ProtectionError) -> [UInt8] {
        guard iv.count == 16 else { throw .invalidIV }
        do throws(OpenSSLError) {
            return try AESCBC.sealed(bytes, key: key.bytes, iv: iv)
        } catch {
            throw .cipher(error)
        }
    }

    /// Encrypts a segment in the memory it lies in, which is padded.
    ///
    /// - Parameters:
    ///   - draft: one whole segment, with room for `protectedSize`; replaced by its encrypted form. After a throw it is in
    ///     no defined state and must not be sent.
    ///   - iv: 16 bytes, as the playlist's IV attribute says.
    package static func protect(
        inPlace draft: inout MediaDraft, key: ContentKey, iv: [UInt8]
    ) throws(ProtectionError) {
        guard iv.count == 16 else { throw .invalidIV }
        pad(&draft)
        do throws(OpenSSLError) {
            let cipher = try AESCBC(key: key.bytes)
            try cipher.restart(iv: iv)
            var span = draft.mutableSpan
            try cipher.apply(to: &span)
        } catch {
            throw .cipher(error)
        }
    }

    /// PKCS#7: as many bytes as are missing to a whole block, each of that value; a whole block where none are.
    static func pad(_ draft: inout MediaDraft) {
        let padding = protectedSize(of: draft.count) - draft.count
        draft.append(repeating: UInt8(padding), count: padding)
    }

    /// Encrypts a segment into the memory that it is sent from.
    ///
    /// - Parameters:
    ///   - bytes: one whole segment, which stays as it is.
    ///   - iv: 16 bytes, as the playlist's IV attribute says.
    package static func draft(
        _ bytes: Span<UInt8>, key: ContentKey, iv: [UInt8]
    ) throws(ProtectionError) -> MediaDraft {
        guard iv.count == 16 else { throw .invalidIV }
        var draft = MediaDraft(capacity: protectedSize(of: bytes.count))
        do throws(OpenSSLError) {
            try draft.append { output throws(OpenSSLError) in
                try AESCBC.seal(bytes, key: key.bytes, iv: iv, to: &output)
            }
        } catch {
            throw .cipher(error)
        }
        return draft
    }

    /// The reverse of `protect`, for probes. Throws where the padding is wrong.
    package static func open(
        _ bytes: Span<UInt8>, key: ContentKey, iv: [UInt8]
    ) throws(ProtectionError) -> [UInt8] {
        guard iv.count == 16 else { throw .invalidIV }
        do throws(OpenSSLError) {
            return try AESCBC.opened(bytes, key: key.bytes, iv: iv)
        } catch {
            throw .cipher(error)
        }
    }

    /// Bytes of a protected segment whose clear form has `count`: known before it is made.
    package static func protectedSize(of count: Int) -> Int { count + 16 - count % 16 }
}

extension ByteWriter {
    fileprivate mutating func write(kind: UInt8, _ track: UInt8, _ other: UInt8, _ number: UInt64) {
        write(bytes: [kind, track, other, 0, 0, 0, 0, 0])
        write(number)
    }
}
