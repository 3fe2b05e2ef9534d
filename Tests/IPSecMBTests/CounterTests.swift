#if arch(x86_64)
    import IPSecMB
    import OpenSSLCrypto
    import Testing

    @Suite(.enabled(if: ChainsInStep.isPossible)) struct CounterTests {
        /// Enciphers where the bytes lie, or elsewhere.
        private func encrypt(
            _ bytes: inout [UInt8], in range: Range<Int>, inPlace: Bool, _ chains: ChainsInStep,
            _ schedule: SecretBytes, iv: UInt64, at position: Int
        ) -> Bool {
            let source = bytes
            return bytes.withUnsafeMutableBufferPointer { target in
                source.withUnsafeBufferPointer { source in
                    guard let target = target.baseAddress, let source = source.baseAddress else { return false }
                    let start = inPlace ? UnsafePointer(target) : source
                    return chains.encrypt(
                        start + range.lowerBound, to: target + range.lowerBound, count: range.count,
                        schedule: schedule, iv: iv, at: position)
                }
            }
        }

        private func byOpenSSL(_ bytes: [UInt8], _ key: [UInt8], iv: UInt64, block: UInt64 = 0) throws -> [UInt8] {
            let cipher = try AESCTR(key: key.span)
            try cipher.restart(high: iv, low: block)
            var bytes = bytes
            var span = bytes.mutableSpan
            try cipher.apply(to: &span)
            return bytes
        }

        /// Wherever a message is cut, within blocks and within one block several times, and at lengths of many blocks.
        @Test(arguments: [true, false]) func piecesAreOneKeyStream(inPlace: Bool) throws {
            let chains = try #require(ChainsInStep.take())
            defer { chains.giveBack() }
            let key = try randomBytes(16)
            let schedule = chains.schedule(of: key.span)
            var random = SystemRandomNumberGenerator()
            for size in [1, 15, 16, 17, 47, 1_000, 65_536, 1_300_001] {
                let iv = random.next()
                let clear = try randomBytes(size)
                var bytes = clear
                var offset = 0
                var cuts: [Int] = []
                while offset < size {
                    let longest = [3, 16, 40, max(41, size / 2)].randomElement(using: &random) ?? 1
                    let end = min(size, offset + Int.random(in: 0...longest, using: &random))
                    cuts.append(end)
                    let isDone = encrypt(
                        &bytes, in: offset..<end, inPlace: inPlace, chains, schedule, iv: iv, at: offset)
                    try #require(isDone)
                    offset = end
                }
                let expected = try byOpenSSL(clear, key, iv: iv)
                let same = bytes == expected  // outside the macro, which would print both
                #expect(same, "\(size) bytes, cut at \(cuts.prefix(50))")
            }
        }

        /// The library would begin at 0 again, where OpenSSL carries into the other half.
        @Test func blocksBeyond32BitsAreRefused() throws {
            let chains = try #require(ChainsInStep.take())
            defer { chains.giveBack() }
            let key = try randomBytes(16)
            let schedule = chains.schedule(of: key.span)
            let end = 16 << 32
            let clear = try randomBytes(48)
            var bytes = clear
            var isDone = encrypt(&bytes, in: 0..<48, inPlace: true, chains, schedule, iv: 7, at: end - 48)
            #expect(isDone)
            let expected = try byOpenSSL(clear, key, iv: 7, block: (1 << 32) - 3)
            #expect(bytes == expected)
            for position in [end - 47, end, Int.max] {
                isDone = encrypt(&bytes, in: 0..<48, inPlace: true, chains, schedule, iv: 7, at: position)
                #expect(!isDone && bytes == expected)
            }
        }

        @Test(arguments: [true, false]) func nothingIsLeftOfTheKey(_ trustsLibrary: Bool) throws {
            let chains = try #require(ChainsInStep(trustsLibrary: trustsLibrary))
            let key = try randomBytes(16)
            let schedule = chains.schedule(of: key.span)
            var bytes = try randomBytes(5_003)
            for range in [0..<5, 5..<5_003] {
                let isDone = encrypt(
                    &bytes, in: range, inPlace: true, chains, schedule, iv: 1, at: range.lowerBound)
                #expect(isDone)
            }
            chains.forget()
            let memory = Array(chains.bytes)
            for round in 0..<11 {
                let part = (0..<16).map { schedule.span[round * 16 + $0] }
                #expect(!memory.contains(part), "round key \(round)")
            }
        }
    }
#endif
