/// An address of the operator's own that is asked whether a publication may begin, and told of its end.
package struct WebHookProfile: Sendable, Hashable {
    /// What happens where it does not answer in time, or not as agreed.
    package enum Failure: String, Sendable, Hashable, CaseIterable { case allow, deny }

    /// Absolute, http or https, without a user.
    package var url: String
    /// Signs every request; nil: they are not signed.
    package var secret: Secret?
    /// PEM file of the authorities to trust instead of the system's.
    package var caFile: String?
    package var timeoutMilliseconds: UInt32
    package var onFailure: Failure
    /// Whether the stream key is in the request.
    package var sendStreamKey: Bool

    package init(
        url: String, secret: Secret? = nil, caFile: String? = nil, timeoutMilliseconds: UInt32 = 5000,
        onFailure: Failure = .deny, sendStreamKey: Bool = false
    ) {
        self.url = url
        self.secret = secret
        self.caFile = caFile
        self.timeoutMilliseconds = timeoutMilliseconds
        self.onFailure = onFailure
        self.sendStreamKey = sendStreamKey
    }
}
