#if arch(x86_64)
    import CIPSecMB
    package import OpenSSLCrypto

    extension ChainsInStep {
        /// Enciphers a piece of a message in counter mode, which needs no step: its blocks do not wait for each other.
        /// NIST SP 800-38A, clause 6.5.
        ///
        /// - Parameters:
        ///   - target: as many bytes; may be the source.
        ///   - iv: the first half of each counter block; the second one is the number of the block.
        ///   - position: bytes of the key stream before this piece, within a block too.
        /// - Returns: false where the library refused, or would have to count blocks beyond 32 bits.
        package func encrypt(
            _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int, schedule: SecretBytes,
            iv: UInt64, at position: Int
        ) -> Bool {
            precondition(count >= 0 && position >= 0, "a place in a key stream")
            guard count > 0 else { return true }
            let (end, overflow) = position.addingReportingOverflow(count)
            guard !overflow, end <= Self.counterBytes else { return false }
            let begun = position % 16
            let rest = begun == 0 ? 0 : min(count, 16 - begun)
            if rest > 0, !encryptRest(source, to: target, count: rest, schedule, iv, at: position) { return false }
            guard count > rest else { return true }
            return fromBlock((position + rest) / 16, source + rest, target + rest, count - rest, schedule, iv)
        }

        private static let counterBytes = 16 << 32

        /// Within a block of which some was used.
        private func encryptRest(
            _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int, _ schedule: SecretBytes,
            _ iv: UInt64, at position: Int
        ) -> Bool {
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { block in
                block.initializeMemory(as: UInt8.self, repeating: 0)
                // What is in front of it becomes the key stream of that, and so is nobody's to find.
                defer { cleanse(block) }
                guard let start = block.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
                let place = start + position % 16
                place.update(from: source, count: count)
                guard fromBlock(position / 16, start, start, 16, schedule, iv) else { return false }
                target.update(from: place, count: count)
                return true
            }
        }

        private func fromBlock(
            _ block: Int, _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ count: Int,
            _ schedule: SecretBytes, _ iv: UInt64
        ) -> Bool {
            let counter = (iv.bigEndian, UInt64(block).bigEndian)
            return withUnsafeBytes(of: counter) { counter in
                withExtendedLifetime(schedule) {
                    let keys = schedule.span.withUnsafeBufferPointer { $0.baseAddress }
                    return sluice_encrypt_ctr(
                        manager, keys, counter.assumingMemoryBound(to: UInt8.self).baseAddress, source, target,
                        UInt64(count)) == 1
                }
            }
        }
    }
#endif
