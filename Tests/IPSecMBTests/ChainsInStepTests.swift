#if arch(x86_64)
    import IPSecMB
    import OpenSSLCrypto
    import Testing

    @Suite(.enabled(if: ChainsInStep.isPossible)) struct ChainsInStepTests {
        /// Round keys are the key as much as it is itself: each gives all others.
        @Test(arguments: [true, false]) func nothingIsLeftOfKeys(_ trustsLibrary: Bool) throws {
            let inStep = try #require(ChainsInStep(trustsLibrary: trustsLibrary))
            let keys = try (0..<12).map { _ in try randomBytes(16) }
            let schedules = keys.map { inStep.schedule(of: $0.span) }
            let iv = try randomBytes(16)
            var buffers = try keys.indices.map { try randomBytes(16 * (100 + $0)) }
            let before = buffers
            iv.withUnsafeBufferPointer { iv in
                var steps: [ChainsInStep.Step] = []
                for index in buffers.indices {
                    buffers[index].withUnsafeMutableBufferPointer { buffer in
                        guard let start = buffer.baseAddress, let iv = iv.baseAddress else { return }
                        steps.append(
                            .init(schedule: schedules[index], iv: iv, source: start, target: start, count: buffer.count)
                        )
                    }
                }
                #expect(steps.count == 12 && inStep.encrypt(steps))
            }
            #expect(zip(before, buffers).allSatisfy { $0 != $1 })
            inStep.forget()
            let memory = Array(inStep.bytes)
            for schedule in schedules {
                for round in 0..<11 {
                    let key = (0..<16).map { schedule.span[round * 16 + $0] }
                    #expect(!memory.contains(key), "round key \(round)")
                }
            }
            // It still works.
            let again = try randomBytes(160)
            var copy = again
            copy.withUnsafeMutableBufferPointer { buffer in
                iv.withUnsafeBufferPointer { iv in
                    guard let start = buffer.baseAddress, let iv = iv.baseAddress else { return }
                    #expect(
                        inStep.encrypt([.init(schedule: schedules[0], iv: iv, source: start, target: start, count: 160)]
                        ))
                }
            }
            let key = keys[0]
            let expected = try AESCBC.sealed(again.span, key: key.span, iv: iv).dropLast(16)
            #expect(copy == Array(expected))
        }
    }
#endif
