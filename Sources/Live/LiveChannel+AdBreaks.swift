import Logging
import Media
import Settings
import Timeline

extension LiveChannel {
    /// Whether any endpoint shows ad markers.
    package var showsAdMarkers: Bool { profile.endpoints.contains(where: \.showsAdMarkers) }

    /// Takes what an encoder says of a splice; nothing where no endpoint shows it. Manifests say it with what they list
    /// next.
    ///
    /// - Parameter time: in 90 kHz ticks since the epoch.
    /// - Returns: why it is left out.
    package func mark(_ section: [UInt8], at time: Int64) -> String? {
        guard showsAdMarkers else { return nil }
        do throws(ParseError) {
            if try timeline.mark(section, at: time) {
                logger.info("ad marker", metadata: ["time": "\(CivilTime(Ticks(time, timescale: 90_000)).iso8601)"])
            }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
