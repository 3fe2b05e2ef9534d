import DASH

/// A patch, and the MPD that it is for. ISO/IEC 23009-1:2022, clause 5.15.
struct FetchedPatch {
    var original: [UInt8]
    var patch: [UInt8]

    /// - Parameter mpd: fetched whole, after the patch.
    func issues(_ mpd: MPD) -> [Issue] {
        let patched: MPD
        do throws(MPDError) {
            patched = try MPD(parsing: original, patchedBy: patch)
        } catch {
            return [Issue(.patch, "\(error)")]
        }
        // There may have been a revision between the two.
        guard patched.publishTime == mpd.publishTime, patched != mpd else { return [] }
        let periods = zip(patched.periods, mpd.periods).first { $0.0 != $0.1 }
        let place =
            periods.map { "Period \($0.1.id) differs" } ?? "\(patched.periods.count) Periods, \(mpd.periods.count)"
        return [Issue(.patch, "not the MPD of \(mpd.publishTime?.seconds ?? "?") s: \(place)")]
    }
}
