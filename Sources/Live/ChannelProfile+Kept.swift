package import Settings

extension ChannelProfile {
    /// How long segments are kept: what start-over may list, and for every endpoint one more window after it has left
    /// the manifest.
    package var keptSeconds: UInt32 {
        endpoints.reduce(storageWindowSeconds) { longest, endpoint in
            let (kept, overflow) = max(storageWindowSeconds, endpoint.windowSeconds)
                .addingReportingOverflow(endpoint.windowSeconds)
            return max(longest, overflow ? .max : kept)
        }
    }
}
