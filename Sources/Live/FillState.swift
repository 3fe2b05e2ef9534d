import Media
import Slate

/// What a channel knows of its lost input, beside what `InputHold` decides.
struct FillState: Sendable {
    var hold: InputHold
    var watch: LiveChannel.InputWatch?
    /// Media time less the clock that only runs forward: as it was when the last encoder came, whose times are made alike.
    var offset: Int64
    /// The time that the alarm is set for.
    var alarm: Int64?
    /// What was shown last, as a picture that does not move; nil: none, or another picture is to be shown.
    var still: Slate?
    /// A still is being made.
    var isStillPending = false
    var run: Run?

    /// The filler's hold of the timeline.
    struct Run: Sendable {
        let token: UInt64
        /// Earlier segments are taken.
        let firstSegment: UInt64
        let tracks: [SlateTrack]
        /// Where the first segment began: with it, a clip does.
        var origin: Ticks?
        /// The chunks of the segment that is being filled, by track.
        var segment: UInt64?
        var chunks: [[[UInt8]]] = []
    }
}

extension LiveChannel {
    /// What only who knows the encoders and the workers can do.
    package struct InputWatch: Sendable {
        /// Makes a still of what was shown last, and gives it to `setStill`.
        var makeStill: @Sendable () -> Void
        /// Has who is on air wait.
        var displace: @Sendable () -> Void

        package init(makeStill: @escaping @Sendable () -> Void, displace: @escaping @Sendable () -> Void) {
            self.makeStill = makeStill
            self.displace = displace
        }
    }
}
