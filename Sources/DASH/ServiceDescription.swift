/// What the service wishes of a player: latency and how fast it may catch up. ISO/IEC 23009-1:2022, annex K.
package struct ServiceDescription: Sendable, Hashable {
    package struct Latency: Sendable, Hashable {
        /// The `ProducerReferenceTime` from which it is counted.
        package var referenceID: UInt32?
        /// Milliseconds, as are the two below.
        package var target: UInt32
        package var minimum: UInt32?
        package var maximum: UInt32?

        package init(target: UInt32, referenceID: UInt32? = nil, minimum: UInt32? = nil, maximum: UInt32? = nil) {
            self.referenceID = referenceID
            self.target = target
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    package struct PlaybackRate: Sendable, Hashable {
        /// Thousandths: 960 is 0.96.
        package var minimum: UInt32
        package var maximum: UInt32

        package init(minimum: UInt32, maximum: UInt32) {
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    package var id: UInt32
    package var latency: Latency?
    package var playbackRate: PlaybackRate?

    package init(id: UInt32 = 0, latency: Latency? = nil, playbackRate: PlaybackRate? = nil) {
        self.id = id
        self.latency = latency
        self.playbackRate = playbackRate
    }

    func write(to writer: inout XMLWriter) {
        writer.element("ServiceDescription", ["id": String(id)]) { writer in
            if let latency {
                writer.element(
                    "Latency",
                    [
                        "referenceId": latency.referenceID.map { String($0) },
                        "target": String(latency.target), "max": latency.maximum.map { String($0) },
                        "min": latency.minimum.map { String($0) },
                    ])
            }
            if let playbackRate {
                writer.element(
                    "PlaybackRate",
                    ["max": Self.decimal(playbackRate.maximum), "min": Self.decimal(playbackRate.minimum)])
            }
        }
    }

    private static func decimal(_ thousandths: UInt32) -> String {
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }
}
