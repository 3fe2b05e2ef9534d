package import ChunkStream
import ISOBMFF
import Media
package import Slate

/// A slate of synthetic tracks: of pictures the first `pictures` of a segment, one frame of sound.
package struct SyntheticSlate {
    package let tracks: [TrackDescription]
    package let chunks: [[[UInt8]]]

    /// - Parameter variant: slates of different ones have different bytes.
    package init(_ tracks: [SyntheticTrack], pictures: Int = 30, variant: Int64 = 0) {
        self.tracks = tracks.map {
            TrackDescription(
                name: $0.track.name, reorderDelay: 0, frameRate: $0.track.frameRate, header: $0.header)
        }
        chunks = tracks.map { track in
            let count = track.track.kind == .video ? pictures : 1
            let samples = (0..<count).map { index in
                let time = (variant + Int64(index)) * track.frameDuration
                var sample = track.sample(at: time, isSync: track.track.kind == .audio || index == 0)
                sample.compositionOffset = 0
                return sample
            }
            return [CMAFChunk.serialize(sequenceNumber: 1, samples: samples)]
        }
    }

    package func slate(recipe: String = "test") throws -> Slate {
        try Slate(recipe: recipe, tracks: tracks, chunks: chunks)
    }
}
