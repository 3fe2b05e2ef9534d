import CZlib

/// gzip (RFC 1952) of whole manifests, through zlib.
enum Gzip {
    /// Nil where zlib refuses, and where it would not make the bytes fewer.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 256, bytes.count < Int(UInt32.max) else { return nil }
        var stream = z_stream()
        guard sluice_deflate_init_gzip(&stream, 6) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var input = bytes
        return input.withUnsafeMutableBufferPointer { source in
            let compressed = [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                if deflate(&stream, Z_FINISH) == Z_STREAM_END { count = target.count - Int(stream.avail_out) }
            }
            return compressed.isEmpty ? nil : compressed
        }
    }
}
