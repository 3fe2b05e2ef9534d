#if arch(x86_64)
    import CIPSecMB
    package import OpenSSLCrypto

    /// AES-128-CBC of several messages at the same time, over libipsec-mb.
    ///
    /// A chain waits for its own last block at each block, whoever computes it; the processor's AES units have the time to
    /// work on many chains meanwhile. NIST SP 800-38A, clause 6.2.
    package final class ChainsInStep: @unchecked Sendable {  // why: one run has it at a time
        package static let maximumChains = Int(SLUICE_MAXIMUM_CHAINS)
        /// Of an expanded key.
        private static let scheduleBytes = 176

        /// Whether the processor has the AES instructions that it takes.
        package static let isPossible = ChainsInStep() != nil

        private let memory: UnsafeMutableRawBufferPointer
        let manager: UnsafeMutablePointer<IMB_MGR>
        /// Whether the library itself wipes what it had of keys once a message is done.
        private let isWiping: Bool

        /// Nil where the processor has no AES instructions, for which OpenSSL is as good.
        /// - Parameter trustsLibrary: to wipe, where it says that it does.
        package init?(trustsLibrary: Bool = true) {
            // Of our own, to be wiped as a whole.
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: imb_get_mb_mgr_size(), alignment: 64)
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            guard let manager = Self.begin(memory) else {
                memory.deallocate()
                return nil
            }
            self.memory = memory
            self.manager = manager
            isWiping = trustsLibrary && manager.pointee.features & UInt64(IMB_FEATURE_SAFE_DATA) != 0
        }

        deinit {
            cleanse(memory)
            memory.deallocate()
        }

        private static func begin(_ memory: UnsafeMutableRawBufferPointer) -> UnsafeMutablePointer<IMB_MGR>? {
            guard let manager = imb_set_pointers_mb_mgr(memory.baseAddress, 0, 1) else { return nil }
            var architecture = IMB_ARCH_NONE
            init_mb_mgr_auto(manager, &architecture)
            let isAble = architecture != IMB_ARCH_NONE && architecture != IMB_ARCH_NOAESNI
            return isAble && imb_get_errno(manager) == 0 ? manager : nil
        }

        /// - Parameter key: 16 bytes.
        package func schedule(of key: Span<UInt8>) -> SecretBytes {
            precondition(key.count == 16, "a key of AES-128")
            // The library reads schedules at multiples of 16, where memory of that size begins.
            return SecretBytes(count: 2 * Self.scheduleBytes) { buffer in
                guard let start = buffer.baseAddress else { return }
                key.withUnsafeBufferPointer { key in
                    sluice_expand_key(manager, key.baseAddress, start, start + Self.scheduleBytes)
                }
            }
        }

        /// Enciphers as many bytes of each message as its step says.
        ///
        /// - Returns: false where the library refused; then no message is in a defined state.
        package func encrypt(_ steps: [Step]) -> Bool {
            precondition(steps.count <= Self.maximumChains, "as many messages as there are lanes")
            return withUnsafeTemporaryAllocation(of: sluice_chain.self, capacity: steps.count) { chains in
                for (index, step) in steps.enumerated() {
                    precondition(step.count % 16 == 0 && step.count <= Self.stepBytes, "whole blocks, not too many")
                    let keys = step.schedule.span.withUnsafeBufferPointer { $0.baseAddress }
                    chains.initializeElement(
                        at: index,
                        to: sluice_chain(
                            keys: keys, iv: step.iv, source: step.source, target: step.target, count: UInt32(step.count)
                        ))
                }
                // The schedules live as long as the steps do.
                return withExtendedLifetime(steps) {
                    sluice_encrypt_cbc(manager, chains.baseAddress, UInt32(steps.count)) == 1
                }
            }
        }

        /// Overwrites what the library still has of keys.
        package func forget() {
            guard !isWiping else { return }
            cleanse(memory)
            precondition(Self.begin(memory) == manager, "what began once begins again")
        }

        /// The library's memory, for tests to look for keys in.
        package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
    }
#endif
