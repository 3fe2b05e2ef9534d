/// What a sample depends on, as `trex`, `tfhd` and `trun` write it. ISO/IEC 14496-12:2022, clause 8.8.3.1.
package struct SampleFlags: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Depends on no other sample: sample_depends_on 2.
    package static let sync = SampleFlags(rawValue: 0x0200_0000)
    /// Depends on others, decoding cannot start here: sample_depends_on 1 and sample_is_non_sync_sample.
    package static let nonSync = SampleFlags(rawValue: 0x0101_0000)

    package init(isSync: Bool) { self = isSync ? .sync : .nonSync }

    package var isSync: Bool { rawValue & 0x0001_0000 == 0 }
}
