import OpenSSLCrypto
import Testing

@Suite struct AESCBCTests {
    private let key = SP80038A.key

    @Test func publishedVector() throws {
        let cipher = try AESCBC(key: key.span)
        var bytes = SP80038A.plain
        try cipher.restart(iv: SP80038A.iv)
        var span = bytes.mutableSpan
        try cipher.apply(to: &span)
        #expect(bytes == SP80038A.chained)
        let reverse = try AESCBC(key: key.span, .decrypt)
        try reverse.restart(iv: SP80038A.iv)
        span = bytes.mutableSpan
        try reverse.apply(to: &span)
        #expect(bytes == SP80038A.plain)
    }

    @Test func theChainRunsOnUntilARestart() throws {
        let cipher = try AESCBC(key: key.span)
        for _ in 0..<2 {
            var bytes = SP80038A.plain
            try cipher.restart(iv: SP80038A.iv)
            var span = bytes.mutableSpan
            try cipher.apply(to: &span, in: 0..<16)
            try cipher.apply(to: &span, in: 16..<16)
            try cipher.apply(to: &span, in: 16..<64)
            #expect(bytes == SP80038A.chained)
        }
    }

    @Test func refusesAnIVOfAnotherSize() throws {
        let cipher = try AESCBC(key: key.span)
        #expect(throws: OpenSSLError(code: 0, during: .setIV)) {
            try cipher.restart(iv: [UInt8](repeating: 0, count: 8))
        }
        #expect(throws: OpenSSLError(code: 0, during: .setIV)) {
            let none: [UInt8] = []
            _ = try AESCBC.sealed(none.span, key: key.span, iv: [0])
        }
    }

    @Test(arguments: 0...49)
    func wholeMessagesRoundTrip(count: Int) throws {
        let plain = (0..<count).map { UInt8($0) }
        let sealed = try AESCBC.sealed(plain.span, key: key.span, iv: SP80038A.iv)
        #expect(sealed.count == count + 16 - count % 16)
        let opened = try AESCBC.opened(sealed.span, key: key.span, iv: SP80038A.iv)
        #expect(opened == plain)
        // Without padding: the message with its PKCS#7 padding in front of us.
        var bytes = sealed
        let reverse = try AESCBC(key: key.span, .decrypt)
        try reverse.restart(iv: SP80038A.iv)
        var span = bytes.mutableSpan
        try reverse.apply(to: &span)
        let padding = 16 - count % 16
        #expect(bytes == plain + [UInt8](repeating: UInt8(padding), count: padding))
    }

    @Test func wrongPaddingKeepsTheErrorCode() throws {
        // The last block of the vector's plain text does not end as padding does.
        let chained = SP80038A.chained
        let error = #expect(throws: OpenSSLError.self) {
            _ = try AESCBC.opened(chained.span, key: key.span, iv: SP80038A.iv)
        }
        #expect(error?.during == .decrypt)
        #expect(error?.code != 0)
        #expect(error?.description.contains("bad decrypt") == true)
        #expect(throws: OpenSSLError(code: 0, during: .decrypt)) {
            let short: [UInt8] = [1, 2, 3]
            _ = try AESCBC.opened(short.span, key: key.span, iv: SP80038A.iv)
        }
    }
}
