import OpenSSLCrypto
import Testing

@Suite struct AESCTRTests {
    private let key = SP80038A.key
    private let high: UInt64 = 0xf0f1_f2f3_f4f5_f6f7
    private let low: UInt64 = 0xf8f9_fafb_fcfd_feff

    @Test func publishedVector() throws {
        let cipher = try AESCTR(key: key.span)
        var bytes = SP80038A.plain
        try cipher.restart(high: high, low: low)
        var span = bytes.mutableSpan
        try cipher.apply(to: &span)
        #expect(bytes == SP80038A.counter)
    }

    @Test(arguments: [1, 7, 15, 16, 17, 40])
    func theKeyStreamRunsOnAcrossRanges(step: Int) throws {
        let cipher = try AESCTR(key: key.span)
        var bytes = SP80038A.plain
        try cipher.restart(high: high, low: low)
        var start = 0
        while start < bytes.count {
            let end = min(start + step, bytes.count)
            var span = bytes.mutableSpan
            try cipher.apply(to: &span, in: start..<end)
            try cipher.apply(to: &span, in: end..<end)
            start = end
        }
        #expect(bytes == SP80038A.counter)
    }

    @Test func aRestartForgetsWhatWasBefore() throws {
        let cipher = try AESCTR(key: key.span)
        var bytes = SP80038A.plain
        try cipher.restart(high: 1)
        var span = bytes.mutableSpan
        try cipher.apply(to: &span, in: 0..<5)
        try cipher.restart(high: 1)
        try cipher.apply(to: &span, in: 0..<5)
        #expect(bytes == SP80038A.plain)
    }

    @Test(arguments: [0, 15, 17, 32])
    func refusesKeysOfOtherSizes(size: Int) {
        let key = [UInt8](repeating: 1, count: size)
        #expect(throws: OpenSSLError(code: 0, during: .setKey)) { _ = try AESCTR(key: key.span) }
    }
}
