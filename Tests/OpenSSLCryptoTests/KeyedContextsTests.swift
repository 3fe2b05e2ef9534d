import OpenSSLCrypto
import Testing

@Suite struct KeyedContextsTests {
    private let key = SP80038A.key

    /// What another one left in a cipher changes nothing, nor how many there are at a time.
    @Test func whatWaitedIsAsGoodAsNew() throws {
        let contexts = KeyedContexts()
        func check(_ cipher: borrowing AESCTR) throws {
            var bytes = SP80038A.plain
            var span = bytes.mutableSpan
            try cipher.restart(high: 0xf0f1_f2f3_f4f5_f6f7, low: 0xf8f9_fafb_fcfd_feff)
            try cipher.apply(to: &span)
            #expect(bytes == SP80038A.counter)
        }
        for _ in 0..<20 {
            let first = try AESCTR(key: key.span, from: contexts)
            let second = try AESCTR(key: key.span, from: contexts)
            try check(first)
            try check(second)
            // In the middle of a block.
            var odd = [UInt8](repeating: 1, count: 7)
            var span = odd.mutableSpan
            try first.apply(to: &span)
        }
    }

    @Test func eachCipherHasItsOwn() throws {
        let contexts = KeyedContexts()
        for _ in 0..<3 {
            let chain = try AESCBC(key: key.span, from: contexts)
            var bytes = SP80038A.plain
            try chain.restart(iv: SP80038A.iv)
            var span = bytes.mutableSpan
            try chain.apply(to: &span)
            #expect(bytes == SP80038A.chained)
            _ = try AESCTR(key: key.span, from: contexts)
        }
    }

    @Test func moreThanWaitAreFreed() throws {
        let contexts = KeyedContexts()
        func open(_ count: Int) throws {
            let cipher = try AESCTR(key: key.span, from: contexts)
            try cipher.restart(high: 1)
            if count > 0 { try open(count - 1) }
        }
        try open(40)
        try open(40)
    }
}
