package import CommonEncryption
package import MediaMemory

/// Media as an endpoint serves it, or that before it is encrypted as a whole.
package enum PackagedMedia: Sendable {
    case whole(MediaBytes)
    /// To be encrypted before anybody may have it: by whoever has more of them to do.
    case clear(AES128Job)

    /// What is to be encrypted still is, at once.
    package func finished(segment: UInt64, track: String) throws(PackagingError) -> MediaBytes {
        switch self {
        case .whole(let media): return media
        case .clear(let job):
            do throws(ProtectionError) { return try job.encrypted() } catch {
                throw .media(segment: segment, track: track, reason: "\(error)")
            }
        }
    }
}
