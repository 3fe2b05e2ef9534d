import Media

/// AAC behind an ADTS header. ISO/IEC 13818-7:2006, clause 6.2; ISO/IEC 14496-3:2019, clause 1.A.2.2.
struct ADTSFrame {
    /// An AudioSpecificConfig.
    let configuration: [UInt8]
    /// One raw_data_block.
    let data: [UInt8]

    /// Nil for anything else, and for several blocks behind one header.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > 7, bytes[0] == 0xFF, bytes[1] & 0xF6 == 0xF0 else { return nil }
        let headerSize = bytes[1] & 1 == 1 ? 7 : 9
        let size = Int(bytes[3] & 3) << 11 | Int(bytes[4]) << 3 | Int(bytes[5]) >> 5
        let frequency = bytes[2] >> 2 & 15
        let channels = (bytes[2] & 1) << 2 | bytes[3] >> 6
        guard size > headerSize, size <= bytes.count, bytes[6] & 3 == 0, frequency < 13, channels > 0 else {
            return nil
        }
        let objectType = bytes[2] >> 6 + 1
        configuration = [objectType << 3 | frequency >> 1, frequency << 7 | channels << 3]
        data = Array(bytes[headerSize..<size])
    }
}
