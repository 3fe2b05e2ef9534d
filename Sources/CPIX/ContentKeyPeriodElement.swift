/// One key period. CPIX 2.3, `ContentKeyPeriod`.
package struct ContentKeyPeriodElement: Sendable, Equatable {
    /// Referred to by `KeyPeriodFilter@periodId`.
    package var id: String?
    /// Wraps at 32 bits.
    package var index: UInt32?

    package init(id: String?, index: UInt32?) {
        self.id = id
        self.index = index
    }

    init(reading element: ElementTree) throws(CPIXError) {
        id = element.attributes["id"]
        if let text = element.attributes["index"] {
            guard let index = UInt32(text) else {
                throw CPIXError(.invalid, "ContentKeyPeriod@index is not a 32-bit number")
            }
            self.index = index
        }
    }

    func write(to writer: inout XMLTextWriter) {
        writer.element("cpix:ContentKeyPeriod", [("id", id), ("index", index.map { "\($0)" })])
    }
}
