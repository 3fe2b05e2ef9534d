import Settings

/// A token bucket for each of many, in a number of bytes that is chosen ahead. Knows no clock.
///
/// A bucket is one number, the time at which it is full again (generic cell rate algorithm, ITU-T I.371, annex A), so full
/// ones need no place. Policy at the bound: of the eight places that a key may have the one whose bucket is nearest to
/// full is given away, which forgets least. Who is over the rate keeps its place for as long as others are not.
struct RateTable {
    private struct Bucket {
        var key: UInt64
        /// Nanoseconds, as of `now`.
        var fullAt: Int64
    }

    private static let ways = 8
    /// Bytes of one place.
    static let placeBytes = MemoryLayout<Bucket>.stride

    private var places: [Bucket]
    /// Nanoseconds until one more is in a bucket, and until an empty one is full.
    private let interval: Int64
    private let depth: Int64
    /// Buckets that were forgotten before they were full.
    private(set) var forgotten: UInt64 = 0

    /// - Parameter maximumBytes: rounded down to a whole number of sets of places, one at least.
    init(_ rate: AddressRate, maximumBytes: Int) {
        let sets = max(maximumBytes / Self.placeBytes / Self.ways, 1)
        places = Array(repeating: Bucket(key: 0, fullAt: .min), count: sets * Self.ways)
        interval = 1_000_000_000 / Int64(max(rate.perSecond, 1))
        depth = interval * Int64(max(rate.burst, 1))
    }

    /// Takes one out of the key's bucket.
    /// - Parameters:
    ///   - hash: of the key, and not to be foreseen: who can choose keys would choose those that share places.
    ///   - now: nanoseconds since something.
    /// - Returns: nil where there was one; else after how many nanoseconds there is one.
    mutating func take(_ key: UInt64, hash: UInt, at now: Int64) -> Int64? {
        let first = Int(hash % UInt(places.count / Self.ways)) * Self.ways
        var chosen = first
        for place in first..<first + Self.ways {
            if places[place].key == key, places[place].fullAt > now {
                chosen = place
                break
            }
            if places[place].fullAt < places[chosen].fullAt { chosen = place }
        }
        let bucket = places[chosen]
        var fullAt = now
        if bucket.fullAt > now {
            if bucket.key == key {
                // Never more than an empty one takes, should the clock have gone back.
                fullAt = min(bucket.fullAt, now &+ depth)
            } else {
                forgotten += 1
            }
        }
        let wait = fullAt &+ interval &- now &- depth
        guard wait <= 0 else { return wait }
        places[chosen] = Bucket(key: key, fullAt: fullAt &+ interval)
        return nil
    }
}
