import MPEGTS
import MediaMemory

extension TrackSegment {
    init(samples: [SampleReference], array: [UInt8]) {
        self.init(samples: samples, source: MediaBytes(copying: array.span))
    }

    /// The source, to be changed.
    var array: [UInt8] {
        get { source.array }
        set { source = MediaBytes(copying: newValue.span) }
    }
}
