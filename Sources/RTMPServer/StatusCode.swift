/// The `code` of an RTMP status, by which encoders choose their message. Any text is allowed; these are known.
/// Adobe RTMP specification 1.0 (2012), clauses 7.2.1.1 and 7.2.2.6, and Flash Media Server's list.
package struct StatusCode: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// Wrong key, unknown channel, or the name is taken: what encoders answer with "check your stream key".
    package static let badName = StatusCode(rawValue: "NetStream.Publish.BadName")
    /// The application does not want this encoder, whatever its key: wrong address, too many publishers.
    package static let connectRejected = StatusCode(rawValue: "NetConnection.Connect.Rejected")
    /// A publication that was accepted cannot go on.
    package static let failed = StatusCode(rawValue: "NetStream.Failed")

    static let connectSuccess = StatusCode(rawValue: "NetConnection.Connect.Success")
    static let start = StatusCode(rawValue: "NetStream.Publish.Start")
    static let unpublishSuccess = StatusCode(rawValue: "NetStream.Unpublish.Success")
    static let playFailed = StatusCode(rawValue: "NetStream.Play.Failed")
}
