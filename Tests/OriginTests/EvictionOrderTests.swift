import Testing

@testable import Origin

@Suite struct EvictionOrderTests {
    private func residence(_ segment: UInt64, _ firstListed: UInt64, _ window: String = "w") -> EvictionOrder.Residence
    {
        .init(window: window, segment: segment, firstListed: firstListed)
    }

    /// All keys in the order in which they would go.
    private func drained(_ order: EvictionOrder, _ slots: [String: Int]) -> [String] {
        var (order, keys) = (order, [String]())
        while let key = order.next {
            keys.append(key)
            order.remove(slots[key] ?? -1)
        }
        return keys
    }

    @Test func theLongestUnusedIsNext() {
        var order = EvictionOrder()
        var slots: [String: Int] = [:]
        for key in ["a", "b", "c", "d"] { slots[key] = order.insert(key, nil) }
        #expect(drained(order, slots) == ["a", "b", "c", "d"])
        order.use(slots["a"]!)
        order.use(slots["c"]!)
        #expect(drained(order, slots) == ["b", "d", "a", "c"])
        order.remove(slots["d"]!)
        slots["e"] = order.insert("e", nil)
        #expect(slots["e"] == slots["d"], "its place is used again")
        #expect(drained(order, slots) == ["b", "a", "c", "e"])
    }

    @Test func windowsOfWhichNothingIsListedAreForgotten() {
        var order = EvictionOrder()
        // A viewer of the past is the first one.
        let past = order.insert("past", residence(2, 5))
        #expect(order.windowCount == 0)
        let listed = order.insert("listed", residence(5, 5))
        #expect(order.windowCount == 1)
        // It goes on beyond all that is there of it.
        let late = order.insert("late", residence(6, 9))
        #expect(order.windowCount == 0 && order.next == "past")
        for slot in [past, listed, late] { order.remove(slot) }
        #expect(order.next == nil && order.windowCount == 0)
    }

    @Test func windowsGoOnEachForItself() {
        var order = EvictionOrder()
        var slots: [String: Int] = [:]
        for segment in UInt64(1)...4 {
            slots["v\(segment)"] = order.insert("v\(segment)", residence(segment, 1))
            slots["w\(segment)"] = order.insert("w\(segment)", residence(segment, 1, "other"))
        }
        slots["none"] = order.insert("none", nil)
        #expect(drained(order, slots).first == "v1")
        slots["v9"] = order.insert("v9", residence(9, 3))
        #expect(drained(order, slots) == ["v1", "v2", "w1", "w2", "v3", "w3", "v4", "w4", "none", "v9"])
        // Used again, it still goes before all that is listed.
        order.use(slots["v1"]!)
        #expect(drained(order, slots).prefix(3) == ["v2", "v1", "w1"])
        // A window does not go back, and what comes late of it has left already.
        slots["late"] = order.insert("late", residence(2, 1))
        #expect(drained(order, slots).prefix(4) == ["v2", "v1", "late", "w1"])
    }

    @Test func aWindowOfWhichNothingIsLeftBeginsAnew() {
        var order = EvictionOrder()
        let first = order.insert("a", residence(7, 7))
        order.remove(first)
        let slots = ["b": order.insert("b", residence(3, 3)), "c": order.insert("c", residence(4, 3))]
        #expect(drained(order, slots) == ["b", "c"])
        #expect(order.next == "b")
    }

    /// Revisions of a manifest: with the next one, those before it go first.
    @Test func theNewestRevisionStays() {
        var order = EvictionOrder()
        var slots = ["m": order.insert("m", residence(5, 1, "media"))]
        for revision in UInt64(1)...3 {
            slots["r\(revision)"] = order.insert("r\(revision)", residence(revision, revision, "/index.mpd"))
        }
        #expect(drained(order, slots) == ["r1", "r2", "m", "r3"])
    }
}
