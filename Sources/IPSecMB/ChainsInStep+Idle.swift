import Synchronization

extension ChainsInStep {
    /// Those that nobody has, as to make one takes longer than a picture takes to be enciphered: as many as were wanted at a
    /// time.
    private static let idle = Mutex([ChainsInStep]())

    /// One that nobody else has; nil as for `init`.
    package static func take() -> ChainsInStep? { idle.withLock { $0.popLast() } ?? ChainsInStep() }

    /// For others to take; nothing of any key is left in it.
    package func giveBack() {
        forget()
        Self.idle.withLock { $0.append(self) }
    }
}
