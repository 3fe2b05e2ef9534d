/// What is known of a manifest beside its text.
package struct ManifestExpectations: Sendable {
    /// Segments from this number on are protected; nil: the endpoint is in the clear.
    package var protectedFrom: UInt64?
    /// "video", "audio" or "image": what the key policy, or the profile, leaves in the clear.
    package var unprotectedKinds: Set<String>
    /// Whether a segment that is listed for the first time can be served.
    package var isReadable: @Sendable (_ number: UInt64) -> Bool

    /// - Parameters:
    ///   - protectedFrom: 0 for an endpoint without a clear lead.
    package init(
        protectedFrom: UInt64?, unprotectedKinds: Set<String> = [],
        isReadable: @escaping @Sendable (_ number: UInt64) -> Bool
    ) {
        self.protectedFrom = protectedFrom
        self.unprotectedKinds = unprotectedKinds
        self.isReadable = isReadable
    }
}
