import Media

/// An MPEG-2 transport stream segment, taken apart; in the clear, or with streams that SAMPLE-AES protects. ISO/IEC 13818-1:2022, clause 2.4.
package struct TransportStreamSegment: Sendable {
    package static let packetSize = 188
    static let timescale: UInt32 = 90_000
    /// Times wrap at 33 bits.
    static let wrap: Int64 = 1 << 33

    /// One PES packet: a picture, or some audio frames.
    struct Unit: Sendable {
        var presentationTime: Int64
        var decodeTime: Int64
        var payload: [UInt8]
    }

    struct Stream: Sendable {
        /// ISO/IEC 13818-1:2022, table 2-34: 0x1B is H.264, 0x0F is AAC in ADTS.
        var type: UInt8
        var packetID: UInt16
        /// As the program map has them.
        var descriptors: [UInt8] = []
        var units: [Unit] = []
    }

    var streams: [Stream] = []
    package private(set) var issues: [Issue] = []
    /// The first and last continuity counter of each PID with payload.
    package private(set) var counters: [UInt16: (first: UInt8, last: UInt8)] = [:]

    /// The PES payloads of each stream.
    package var payloads: [[[UInt8]]] { streams.map { $0.units.map(\.payload) } }

    private var programMapPacketID: UInt16?

    /// Whether bytes that should be encrypted are a transport stream as they are.
    package static func looksClear(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 3 * packetSize
            && stride(from: 0, to: bytes.count - packetSize + 1, by: packetSize).allSatisfy { bytes[$0] == 0x47 }
    }

    /// Reads all it can; what is wrong is in `issues`.
    package init(parsing bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count % Self.packetSize == 0 else {
            issues.append(Issue(.transportStream, "\(bytes.count) bytes are not whole packets"))
            return
        }
        for start in stride(from: 0, to: bytes.count, by: Self.packetSize) {
            guard bytes[start] == 0x47 else {
                issues.append(Issue(.transportStream, "no sync byte at \(start)"))
                return
            }
            readPacket(bytes[start..<start + Self.packetSize])
        }
        if streams.isEmpty { issues.append(Issue(.transportStream, "no PMT with streams")) }
        for index in streams.indices { streams[index].finish(&issues) }
    }

    private mutating func readPacket(_ packet: ArraySlice<UInt8>) {
        let start = packet.startIndex
        let packetID = UInt16(packet[start + 1] & 0x1F) << 8 | UInt16(packet[start + 2])
        let isUnitStart = packet[start + 1] & 0x40 != 0
        let control = packet[start + 3]
        if packet[start + 1] & 0x80 != 0 { issues.append(Issue(.transportStream, "a packet marked as broken")) }
        if control & 0xC0 != 0 { issues.append(Issue(.transportStream, "a packet marked as scrambled")) }
        var payload = start + 4
        if control & 0x20 != 0 { payload += 1 + Int(packet[start + 4]) }
        guard control & 0x10 != 0, packetID != 0x1FFF else { return }
        let counter = control & 0x0F
        if let last = counters[packetID]?.last, counter != (last + 1) & 0x0F {
            issues.append(Issue(.continuityCounter, "PID \(packetID) counts from \(last) to \(counter)"))
        }
        counters[packetID] = (counters[packetID]?.first ?? counter, counter)
        guard payload < packet.endIndex else { return }
        let content = packet[payload...]
        switch packetID {
        case 0: readAssociation(content, isUnitStart)
        case programMapPacketID: readMap(content, isUnitStart)
        default:
            guard let index = streams.firstIndex(where: { $0.packetID == packetID }) else {
                if streams.isEmpty, packetID > 0x1F {
                    issues.append(Issue(.transportStream, "PID \(packetID) before PAT and PMT"))
                }
                return
            }
            streams[index].append(content, isUnitStart)
        }
    }

    /// PAT, clause 2.4.4.4: the first program's map.
    private mutating func readAssociation(_ content: ArraySlice<UInt8>, _ isUnitStart: Bool) {
        guard isUnitStart, programMapPacketID == nil, let section = Self.section(content, table: 0) else { return }
        var entry = section.startIndex + 8
        while entry + 4 <= section.endIndex - 4 {
            if section[entry] != 0 || section[entry + 1] != 0 {
                programMapPacketID = UInt16(section[entry + 2] & 0x1F) << 8 | UInt16(section[entry + 3])
                return
            }
            entry += 4
        }
    }

    /// PMT, clause 2.4.4.9.
    private mutating func readMap(_ content: ArraySlice<UInt8>, _ isUnitStart: Bool) {
        guard isUnitStart, streams.isEmpty, let section = Self.section(content, table: 2) else { return }
        let start = section.startIndex
        guard section.count >= 16 else { return }
        var entry = start + 12 + (Int(section[start + 10] & 0x0F) << 8 | Int(section[start + 11]))
        while entry + 5 <= section.endIndex - 4 {
            let end = entry + 5 + (Int(section[entry + 3] & 0x0F) << 8 | Int(section[entry + 4]))
            streams.append(
                Stream(
                    type: section[entry],
                    packetID: UInt16(section[entry + 1] & 0x1F) << 8 | UInt16(section[entry + 2]),
                    descriptors: Array(section[entry + 5..<min(end, section.endIndex)])))
            entry = end
        }
    }

    /// A section that lies in one packet, CRC included.
    private static func section(_ content: ArraySlice<UInt8>, table: UInt8) -> ArraySlice<UInt8>? {
        guard let pointer = content.first else { return nil }
        let start = content.startIndex + 1 + Int(pointer)
        guard start + 3 <= content.endIndex, content[start] == table else { return nil }
        let end = start + 3 + (Int(content[start + 1] & 0x0F) << 8 | Int(content[start + 2]))
        guard end <= content.endIndex, end - start >= 12 else { return nil }
        return content[start..<end]
    }

    /// A later time minus an earlier one, both modulo 2^33: between minus and plus half of it.
    static func difference(_ later: Int64, _ earlier: Int64) -> Int64 {
        let difference = (later - earlier) & (wrap - 1)
        return difference >= wrap / 2 ? difference - wrap : difference
    }
}

extension TransportStreamSegment.Stream {
    fileprivate mutating func append(_ content: ArraySlice<UInt8>, _ isUnitStart: Bool) {
        if isUnitStart {
            units.append(.init(presentationTime: 0, decodeTime: 0, payload: Array(content)))
        } else if !units.isEmpty {
            units[units.count - 1].payload.append(contentsOf: content)
        }
    }

    /// Takes the PES headers off. Clause 2.4.3.6.
    fileprivate mutating func finish(_ issues: inout [Issue]) {
        for index in units.indices {
            let bytes = units[index].payload
            guard bytes.count >= 14, bytes[0] == 0, bytes[1] == 0, bytes[2] == 1, bytes[7] & 0x80 != 0,
                9 + Int(bytes[8]) <= bytes.count, bytes[7] & 0x40 == 0 || bytes.count >= 19
            else {
                issues.append(Issue(.transportStream, "PID \(packetID): a PES packet without a presentation time"))
                units.removeSubrange(index...)
                return
            }
            units[index].presentationTime = Self.time(bytes[9..<14])
            units[index].decodeTime =
                bytes[7] & 0x40 == 0 ? units[index].presentationTime : Self.time(bytes[14..<19])
            units[index].payload = Array(bytes[(9 + Int(bytes[8]))...])
        }
    }

    private static func time(_ bytes: ArraySlice<UInt8>) -> Int64 {
        let values = bytes.map { Int64($0) }
        return (values[0] >> 1 & 7) << 30 | values[1] << 22 | (values[2] >> 1) << 15 | values[3] << 7 | values[4] >> 1
    }
}
