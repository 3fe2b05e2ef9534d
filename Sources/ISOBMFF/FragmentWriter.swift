package import Media

/// Writes the `moof` and the `mdat` header of a fragment; the caller appends the samples' bytes after it.
package struct FragmentWriter: Sendable {
    /// Says the key in each fragment too (`sgpd` and `sbgp` of type seig), for keys that rotate.
    package var keyGroup: TrackProtection?
    /// Whole `pssh` boxes, written after the `traf`.
    package var systemBoxes: [[UInt8]]

    package init(keyGroup: TrackProtection? = nil, systemBoxes: [[UInt8]] = []) {
        self.keyGroup = keyGroup
        self.systemBoxes = systemBoxes
    }

    /// - Parameters:
    ///   - samples: at least one, in decode order; offsets are not used, the data follows back to back.
    ///   - encryption: what `senc` says of each sample; nil for clear fragments and for whole samples under a
    ///     constant IV.
    /// - Returns: how many bytes of samples the caller must append.
    @discardableResult
    package func write(
        sequenceNumber: UInt32, samples: [SampleLocation], encryption: SampleEncryption? = nil,
        to writer: inout ByteWriter
    ) -> Int { 0 }
}
