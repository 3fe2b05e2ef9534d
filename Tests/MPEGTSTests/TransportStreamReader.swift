/// A demuxer of its own for tests: it shares no code with the muxer and records every broken rule it meets.
struct TransportStreamReader {
    struct PES: Equatable {
        var presentationTime: Int64
        var decodeTime: Int64
        var payload: [UInt8]
        var isRandomAccess: Bool
        var isLengthGiven: Bool
        var streamID: UInt8
        /// Index of the packet it starts in.
        var packet: Int
    }

    struct Clock: Equatable {
        var value: Int64
        var packetID: Int
        var packet: Int
    }

    private(set) var problems: [String] = []
    private(set) var pes: [Int: [PES]] = [:]
    private(set) var clocks: [Clock] = []
    private(set) var payloadPackets: [Int: Int] = [:]
    /// Indices of the packets of each PID.
    private(set) var places: [Int: [Int]] = [:]
    private(set) var streamTypes: [Int: Int] = [:]
    private(set) var descriptors: [Int: [UInt8]] = [:]
    private(set) var clockPacketID = -1
    private(set) var programMapVersion = -1
    private var programMapPacketID = -1
    private var counters: [Int: Int] = [:]
    private var open: [Int: (bytes: [UInt8], random: Bool, packet: Int)] = [:]

    init(_ bytes: [UInt8]) {
        if bytes.count % 188 != 0 { problems.append("\(bytes.count) bytes are no whole packets") }
        for index in 0..<bytes.count / 188 { read(Array(bytes[index * 188..<(index + 1) * 188]), at: index) }
        for packetID in open.keys.sorted() { close(packetID) }
    }

    /// The continuity counter that each PID ended with.
    var lastCounters: [Int: Int] { counters }

    private mutating func read(_ packet: [UInt8], at index: Int) {
        guard packet[0] == 0x47, packet[1] & 0x80 == 0, packet[3] & 0xC0 == 0 else {
            problems.append("packet \(index): header \(packet[0...3])")
            return
        }
        let packetID = Int(packet[1] & 0x1F) << 8 | Int(packet[2])
        let isStart = packet[1] & 0x40 != 0
        let control = packet[3] >> 4 & 3
        let counter = Int(packet[3] & 15)
        places[packetID, default: []].append(index)
        if control & 1 == 1 {
            if let last = counters[packetID], counter != (last + 1) % 16 {
                problems.append("packet \(index) PID \(packetID): counter \(counter) after \(last)")
            }
            counters[packetID] = counter
            payloadPackets[packetID, default: 0] += 1
        } else if counter != counters[packetID] ?? 15 {
            problems.append("packet \(index) PID \(packetID): counter \(counter) without payload")
        }
        var start = 4
        var isRandomAccess = false
        if control & 2 == 2 {
            let length = Int(packet[4])
            if length > 183 || control == 2 && length != 183 || control == 3 && length > 182 {
                problems.append("packet \(index): adaptation field of \(length)")
                return
            }
            start = 5 + length
            if length > 0 { isRandomAccess = readAdaptation(packet, length: length, packetID, index) }
        }
        guard control & 1 == 1 else { return }
        let payload = Array(packet[start...])
        switch packetID {
        case 0, programMapPacketID: readSection(payload, packetID, at: index)
        default:
            if isStart {
                close(packetID)
                open[packetID] = (payload, isRandomAccess, index)
            } else if open[packetID] == nil {
                problems.append("packet \(index) PID \(packetID): payload before any start")
            } else {
                open[packetID]?.bytes += payload
            }
        }
    }

    private mutating func readAdaptation(_ packet: [UInt8], length: Int, _ packetID: Int, _ index: Int) -> Bool {
        let flags = packet[5]
        var stuffing = 6
        if flags & 0x10 != 0 {
            var base: Int64 = 0
            for byte in packet[6..<10] { base = base << 8 | Int64(byte) }
            clocks.append(
                Clock(value: base << 1 | Int64(packet[10] >> 7), packetID: packetID, packet: index))
            stuffing = 12
        }
        if packet[stuffing..<5 + length].contains(where: { $0 != 0xFF }) {
            problems.append("packet \(index): stuffing is not 0xFF")
        }
        return flags & 0x40 != 0
    }

    private mutating func readSection(_ payload: [UInt8], _ packetID: Int, at index: Int) {
        let length = Int(payload[2] & 0x0F) << 8 | Int(payload[3])
        let section = Array(payload[1..<4 + length])
        var register: UInt32 = .max
        for bit in section.flatMap({ byte in (0..<8).map { byte >> (7 - $0) & 1 } }) {
            let carries = register >> 31 != UInt32(bit)
            register <<= 1
            if carries { register ^= 0x04C1_1DB7 }
        }
        if payload[0] != 0 || register != 0 { problems.append("packet \(index): CRC of table \(section[0])") }
        if payload[(4 + length)...].contains(where: { $0 != 0xFF }) {
            problems.append("packet \(index): not stuffed after its table")
        }
        if packetID == 0 {
            programMapPacketID = Int(section[10] & 0x1F) << 8 | Int(section[11])
            return
        }
        programMapVersion = Int(section[5] >> 1 & 31)
        clockPacketID = Int(section[8] & 0x1F) << 8 | Int(section[9])
        var offset = 12
        while offset < section.count - 4 {
            let stream = Int(section[offset + 1] & 0x1F) << 8 | Int(section[offset + 2])
            let count = Int(section[offset + 3] & 0x0F) << 8 | Int(section[offset + 4])
            streamTypes[stream] = Int(section[offset])
            descriptors[stream] = Array(section[offset + 5..<offset + 5 + count])
            offset += 5 + count
        }
    }

    private mutating func close(_ packetID: Int) {
        guard let (bytes, random, packet) = open.removeValue(forKey: packetID) else { return }
        guard bytes.count >= 14, bytes[0...2] == [0, 0, 1], bytes[6] >> 6 == 2 else {
            problems.append("packet \(packet): no PES header in \(bytes.count) bytes")
            return
        }
        let length = Int(bytes[4]) << 8 | Int(bytes[5])
        if length != 0 && length != bytes.count - 6 || length == 0 && bytes[3] & 0xF0 != 0xE0 {
            problems.append("packet \(packet): PES length \(length), \(bytes.count) bytes are there")
        }
        func time(_ at: Int) -> Int64 {
            let parts = bytes[at..<at + 5].map { Int64($0) }
            if parts[0] & 1 == 0 || parts[2] & 1 == 0 || parts[4] & 1 == 0 { problems.append("marker bits") }
            return (parts[0] >> 1 & 7) << 30 | parts[1] << 22 | (parts[2] >> 1) << 15 | parts[3] << 7 | parts[4] >> 1
        }
        let presentationTime = time(9)
        let hasDecodeTime = bytes[7] >> 6 == 3
        pes[packetID, default: []].append(
            PES(
                presentationTime: presentationTime, decodeTime: hasDecodeTime ? time(14) : presentationTime,
                payload: Array(bytes[(9 + Int(bytes[8]))...]), isRandomAccess: random, isLengthGiven: length != 0,
                streamID: bytes[3],
                packet: packet))
    }
}
