/// How far a harvest is, as the admin server says it.
package struct HarvestJob: Sendable, Codable, Hashable {
    package enum State: String, Sendable, Codable { case queued, running, done, failed, cancelled }

    /// Unique as long as the daemon runs.
    package let id: Int
    package let channel: String
    package let endpoint: String
    package let destination: String
    /// The folder of the manifests, below the destination.
    package let path: String
    package var state: State
    /// Of `files` headers, segments and manifests these are written.
    package var filesWritten = 0
    package let files: Int
    package var bytesWritten = 0
    /// The manifests, once all is there: where the destination has them.
    package var manifests: [String] = []
    /// Why it failed.
    package var error: String?

    package var isOver: Bool { state == .done || state == .failed || state == .cancelled }
}
