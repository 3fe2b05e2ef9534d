import Foundation
import ISOBMFF
import Keys
import Media
import MediaMemory
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// Parts of AV1, of whose frames most refer to frames of the parts before.
@Suite struct AV1PartsTests {
    private let track: StoredTrack
    private let chunks: [[UInt8]]

    /// Of an encoder, as the tests of Common Encryption have them.
    init() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../CommonEncryptionTests/Fixtures/av1-svt.samples")
        let bytes = [UInt8](try Data(contentsOf: path))
        var reader = ByteReader(bytes.span)
        let record = try AV1CodecConfigurationRecord(parsing: try reader.readBytes(Int(try reader.read(UInt16.self))))
        let codec = CodecConfiguration.av1(record, width: 192, height: 128)
        track = StoredTrack(track: Track(name: "720p", timescale: 90_000, codec: codec), index: 1, header: [])
        var chunks: [[UInt8]] = []
        for index in 0..<(try reader.read(UInt16.self)) {
            let sample = Sample(
                decodeTime: Int64(index) * 3000, compositionOffset: 0, duration: 3000, isSync: index == 0,
                data: try reader.readBytes(Int(try reader.read(UInt32.self))))
            chunks.append(CMAFChunk.serialize(sequenceNumber: UInt32(index) + 1, samples: [sample]))
        }
        self.chunks = chunks
    }

    private func made(_ clear: [UInt8], after earlier: [ClearMedia], _ endpoint: EndpointProfile) throws -> [UInt8] {
        let keys = try SyntheticKeys.keys(
            of: Stage.period(of: Stage.number), systems: endpoint.encryption?.systems ?? [])
        let media = try SegmentPackager.makeCMAF(
            try ClearMedia(copying: clear), after: earlier, number: Stage.number, track: track, endpoint: endpoint,
            keys: keys)
        guard case .whole(let bytes) = media else { return [] }
        return bytes.array
    }

    @Test(arguments: [EndpointProfile.fairPlay, .dash()]) func partsAreWhatTheirSegmentIs(_ endpoint: EndpointProfile)
        throws
    {
        let whole = try made(chunks.flatMap(\.self), after: [], endpoint)
        var parts: [UInt8] = []
        var earlier: [ClearMedia] = []
        for chunk in chunks {
            parts += try made(chunk, after: earlier, endpoint)
            earlier.append(try ClearMedia(copying: chunk))
        }
        #expect(chunks.count > 3 && parts == whole)
        // By itself nobody could tell what of it is clear.
        #expect(throws: PackagingError.self) { for chunk in chunks { _ = try made(chunk, after: [], endpoint) } }
    }
}
