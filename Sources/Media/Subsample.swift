/// One run of a sample's bytes in Common Encryption: a clear part, then a protected part.
/// ISO/IEC 23001-7:2023, clause 9.5.1.
package struct Subsample: Sendable, Hashable {
    /// Bytes left as they are.
    package var clear: UInt16
    /// Bytes after them that the scheme encrypts (by cbcs: the span over which the pattern runs).
    package var protected: UInt32

    package init(clear: UInt16, protected: UInt32) {
        self.clear = clear
        self.protected = protected
    }
}
