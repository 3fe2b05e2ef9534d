/// A stream key as the encoder sent it. It never prints.
package struct StreamKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The characters, for comparison and for the message to whoever decides. Never log it.
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { "StreamKey(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What an encoder asks for with connect and publish.
package struct PublishRequest: Sendable, Equatable {
    /// The first component of the RTMP application: the channel. No slash, no query; at most 256 bytes.
    package var app: String
    /// The stream name without its query, or the rest of the application's path where the name is empty (an
    /// encoder with a single URL box). At most 1,024 bytes.
    package var streamKey: StreamKey
    /// The URL the encoder was given, up to and with `app`: what follows could be a key. Empty where not sent.
    package var tcURL: String
    /// How the encoder calls itself: `FMLE/3.0 (compatible; Lavf59.27.100)`.
    package var flashVersion: String
    /// Numeric address and port of the encoder, or `local` for a socket without one.
    package var peer: String

    package init(app: String, streamKey: StreamKey, tcURL: String, flashVersion: String, peer: String) {
        self.app = app
        self.streamKey = streamKey
        self.tcURL = tcURL
        self.flashVersion = flashVersion
        self.peer = peer
    }
}
