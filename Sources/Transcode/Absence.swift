/// For how long something has not been there: a picture that is not black, sound that is not silence. Times in 90 kHz
/// ticks.
struct Absence: Sendable {
    private var since: Int64?
    private var latest: Int64 = 0

    mutating func note(isAbsent: Bool, at time: Int64) {
        latest = max(latest, time)
        since = isAbsent ? since ?? time : nil
    }

    var milliseconds: Int64 { since.map { max(latest - $0, 0) / 90 } ?? 0 }
}
