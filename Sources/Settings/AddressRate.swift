/// How much of something each of many may have: so much a second, and so much at once after a rest.
package struct AddressRate: Sendable, Hashable {
    /// 1 to 100,000.
    package var perSecond: UInt32
    /// At least 1.
    package var burst: UInt32

    package init(perSecond: UInt32, burst: UInt32) {
        self.perSecond = max(perSecond, 1)
        self.burst = max(burst, 1)
    }
}
