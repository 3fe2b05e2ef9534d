import NIOCore

/// The connections of one event loop that are watched, in the order in which they are to be looked at: by one timer for all,
/// as one for each takes half a kilobyte of memory. For its event loop alone.
///
/// A connection is looked at `looks` times in a time-out, from when it came, each time up to a sixty-fourth of that later:
/// those of one moment are looked at together.
final class WatchRound {
    /// Looks in a time-out.
    static let looks = 4
    private static let steps: Int64 = 64

    private let eventLoop: any EventLoop
    /// Between two looks at one connection, and between two of the timer at least; nanoseconds.
    private let interval: Int64
    private let step: Int64
    private var first: ConnectionWatch?
    private var last: ConnectionWatch?
    private var isScheduled = false

    init(on eventLoop: any EventLoop, timeout: TimeAmount) {
        self.eventLoop = eventLoop
        interval = max(timeout.nanoseconds / Int64(Self.looks), Self.steps)
        step = interval / Self.steps
    }

    /// Until it is removed, and not twice.
    func add(_ watch: ConnectionWatch) {
        let due = NIODeadline.uptimeNanoseconds(0) + .nanoseconds(rounded(now + interval))
        watch.place = .init(due: due, before: last)
        last?.place?.after = watch
        last = watch
        if first == nil { first = watch }
        schedule()
    }

    /// Also of one that is not there any more.
    func remove(_ watch: ConnectionWatch) {
        guard let place = watch.place else { return }
        watch.place = nil
        if let before = place.before { before.place?.after = place.after } else { first = place.after }
        if let after = place.after { after.place?.before = place.before } else { last = place.before }
    }

    private var now: Int64 { Int64(eventLoop.now.uptimeNanoseconds) }

    private func rounded(_ time: Int64) -> Int64 { (time + step - 1) / step * step }

    private func schedule() {
        guard !isScheduled, let place = first?.place else { return }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: place.due) { bound.value.look() }
    }

    private func look() {
        isScheduled = false
        let now = eventLoop.now
        // A look may end the one that is looked at, and others with it.
        while let watch = first, let place = watch.place, place.due <= now {
            remove(watch)
            if watch.look() { add(watch) }
        }
        schedule()
    }
}
