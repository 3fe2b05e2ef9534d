import Keys
import Media
import MediaMemory
import Packager
import Settings
import Timeline

/// Of clear bytes as an array.
extension SegmentPackager {
    static func cmaf(
        _ clear: [UInt8], number: UInt64, track: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> MediaBytes {
        try cmaf(try media(clear, number, track), number: number, track: track, endpoint: endpoint, keys: keys)
    }

    static func aside(
        _ clear: [UInt8], number: UInt64, track: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> [UInt8] {
        try aside(try media(clear, number, track), number: number, track: track, endpoint: endpoint, keys: keys)
    }

    static func transportStream(
        _ shares: [(clear: [UInt8], track: StoredTrack)], number: UInt64, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> MediaBytes {
        var all: [(clear: ClearMedia, track: StoredTrack)] = []
        for share in shares { all.append((try media(share.clear, number, share.track), share.track)) }
        return try transportStream(all, number: number, endpoint: endpoint, keys: keys)
    }

    private static func media(
        _ clear: [UInt8], _ number: UInt64, _ track: StoredTrack
    ) throws(PackagingError) -> ClearMedia {
        do throws(ParseError) { return try ClearMedia(copying: clear) } catch {
            throw .media(segment: number, track: track.track.name, reason: "\(error)")
        }
    }
}
