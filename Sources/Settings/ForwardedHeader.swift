/// In which header trusted proxies say for whom they ask.
package enum ForwardedHeader: String, Sendable, Hashable, CaseIterable {
    case xForwardedFor = "X-Forwarded-For"
    /// RFC 7239.
    case forwarded = "Forwarded"
    /// In none.
    case none
}
