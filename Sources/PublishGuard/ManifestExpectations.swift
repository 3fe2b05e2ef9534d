/// What is known of a manifest beside its text.
package struct ManifestExpectations: Sendable {
    /// Segments from this number on are protected; nil: the endpoint is in the clear.
    package var protectedFrom: UInt64?
    /// "video" or "audio": the kind of media that the key policy leaves in the clear.
    package var unprotectedKind: String?
    /// Whether a segment that is listed for the first time can be served.
    package var isReadable: @Sendable (_ number: UInt64) -> Bool

    /// - Parameters:
    ///   - protectedFrom: 0 for an endpoint without a clear lead.
    package init(
        protectedFrom: UInt64?, unprotectedKind: String? = nil,
        isReadable: @escaping @Sendable (_ number: UInt64) -> Bool
    ) {
        self.protectedFrom = protectedFrom
        self.unprotectedKind = unprotectedKind
        self.isReadable = isReadable
    }
}
