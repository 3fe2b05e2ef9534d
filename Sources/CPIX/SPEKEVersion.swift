/// A version of SPEKE, by what its `X-Speke-Version` header says.
package enum SPEKEVersion: String, Sendable, Hashable, CaseIterable {
    /// One key for everything; no header says so.
    case v1 = "1.0"
    case v2 = "2.0"
    case v21 = "2.1"

    /// What `CPIX@version` has to be; 1.0 has none.
    package var cpixVersion: String? {
        switch self {
        case .v1: nil
        case .v2: "2.3"
        case .v21: "2.4"
        }
    }
}

/// What a document calls the multivariant playlist of HLS. CPIX 2.4 renamed it; SPEKE's own pages kept `master`.
package enum MultivariantWord: String, Sendable, Hashable {
    case master
    case multiVariant
}
