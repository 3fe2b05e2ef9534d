package import Media

/// The header of `mdat`: the samples' bytes follow. ISO/IEC 14496-12:2022, clause 8.1.1.
package struct MediaDataHeader: Sendable, Equatable {
    package static let boxType: FourCC = "mdat"

    package var payloadSize: Int

    package init(payloadSize: Int) { self.payloadSize = payloadSize }

    /// 8, or 16 where the whole box does not fit a 32-bit size.
    package var size: Int { payloadSize > Int(UInt32.max) - 8 ? 16 : 8 }

    package func write(to writer: inout ByteWriter) {
        let isLong = size == 16
        writer.write(isLong ? 1 : UInt32(payloadSize + 8))
        writer.write(Self.boxType)
        if isLong { writer.write(UInt64(payloadSize + 16)) }
    }
}
