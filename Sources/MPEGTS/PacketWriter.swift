/// Fills 188-byte packets one after the other in memory of a size known beforehand.
///
/// ISO/IEC 13818-1:2022, clauses 2.4.3.2 (packet) and 2.4.3.4 (adaptation field).
///
/// The only place of this target that holds a raw pointer: it is safe because every packet is checked
/// against the capacity before it is begun, and every copy goes into the payload of one begun packet.
@safe struct PacketWriter: ~Copyable {
    static let packetSize = 188
    static let headerSize = 4
    static let largestPayload = packetSize - headerSize

    /// The first packet's adaptation field of a PES packet, or all of a packet that has only that.
    struct Adaptation {
        var isRandomAccess = false
        /// 90 kHz, not yet wrapped.
        var clockReference: Int64?

        /// Bytes of the adaptation field without stuffing, its length byte included.
        var size: Int { clockReference != nil ? 8 : isRandomAccess ? 2 : 0 }

        fileprivate var flags: UInt8 { (isRandomAccess ? 0x40 : 0) | (clockReference != nil ? 0x10 : 0) }
    }

    /// Where the tables are repeated: before every `mediaPackets * n / repetitions`-th media packet.
    ///
    /// There are never more repetitions than media packets, as both come in whole continuity periods.
    struct TableSchedule {
        var tables: [TableSection]
        var repetitions: Int
        var mediaPackets: Int
    }

    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private let schedule: TableSchedule
    private var tableRounds = 0
    private var nextTableRound = 0
    private var mediaPackets = 0
    /// The next payload packet's counter of each elementary stream.
    private var continuityCounters: [UInt8]

    /// Where the next byte goes.
    private(set) var position = 0
    /// Payload bytes left in the packet begun last.
    private var room = 0

    // The PES packet in hand.
    private var packetID: UInt16 = 0
    private var stream = 0
    private var adaptation = Adaptation()
    private var bytesLeft = 0
    private var packetsLeft = 0
    private var isSpread = false
    private var isStart = false

    /// - Parameter buffer: as long as all packets that will be written.
    init(_ buffer: UnsafeMutableBufferPointer<UInt8>, streams: Int, schedule: TableSchedule) {
        guard let base = buffer.baseAddress else { preconditionFailure("no memory") }  // why: a plan is never empty
        unsafe self.base = base
        capacity = buffer.count
        self.schedule = schedule
        continuityCounters = Array(repeating: 0, count: streams)
    }

    /// Begins a PES packet of `size` bytes, header included, that takes `packets` packets.
    ///
    /// - Parameter isSpread: whether to share the bytes out evenly, because there are more packets than needed.
    mutating func begin(
        stream: Int, packetID: UInt16, size: Int, packets: Int, isSpread: Bool, adaptation: Adaptation
    ) {
        precondition(bytesLeft == 0 && room == 0, "the PES packet before this one is not complete")
        self.stream = stream
        self.packetID = packetID
        self.adaptation = adaptation
        self.isSpread = isSpread
        bytesLeft = size
        packetsLeft = packets
        isStart = true
    }

    /// Appends to the PES packet in hand, beginning packets as needed.
    mutating func write(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { source in
            guard var from = source.baseAddress else { return }
            var left = source.count
            while left > 0 {
                if room == 0 {
                    let whole = unsafe writeWholePackets(from, atMost: left / Self.largestPayload)
                    unsafe from += whole * Self.largestPayload
                    left -= whole * Self.largestPayload
                    guard left > 0 else { return }
                    beginPayloadPacket()
                }
                let count = min(left, room)
                unsafe (base + position).update(from: from, count: count)
                unsafe from += count
                left -= count
                room -= count
                position += count
            }
        }
    }

    /// One packet with a PCR and no payload; its continuity counter stays that of the packet before it.
    mutating func writeClockReference(stream: Int, packetID: UInt16, adaptation: Adaptation) {
        precondition(bytesLeft == 0 && room == 0, "the PES packet before this one is not complete")
        let start = beginPacket()
        let counter = (continuityCounters[stream] &- 1) & 0x0F
        writeHeader(at: start, packetID: packetID, isStart: false, control: 0x20 | counter)
        writeAdaptation(adaptation, at: start + Self.headerSize, size: Self.largestPayload)
        position = start + Self.packetSize
    }

    /// Stops the program unless all that was planned has been written.
    func finish() {
        precondition(bytesLeft == 0 && room == 0, "the last PES packet is not complete")
        precondition(tableRounds == schedule.repetitions && position == capacity, "fewer packets than planned")
    }

    /// Packets that have nothing but a header and payload, up to where tables are due: nearly all that there are.
    /// - Returns: how many were written.
    private mutating func writeWholePackets(_ from: UnsafePointer<UInt8>, atMost most: Int) -> Int {
        guard !isStart, !isSpread else { return 0 }
        var count = min(most, packetsLeft, bytesLeft / Self.largestPayload, (capacity - position) / Self.packetSize)
        if nextTableRound >= mediaPackets { count = min(count, nextTableRound - mediaPackets) }
        guard count > 0 else { return 0 }
        // No adaptation field, payload only.
        let header = 0x4700_0010 | UInt32(packetID) << 8
        var counter = continuityCounters[stream]
        var source = unsafe UnsafeRawPointer(from)
        var target = unsafe UnsafeMutableRawPointer(base + position)
        for _ in 0..<count {
            unsafe target.storeBytes(of: (header | UInt32(counter)).bigEndian, as: UInt32.self)
            unsafe Self.copyPayload(source, target + Self.headerSize)
            counter = (counter &+ 1) & 0x0F
            unsafe source += Self.largestPayload
            unsafe target += Self.packetSize
        }
        continuityCounters[stream] = counter
        position += count * Self.packetSize
        mediaPackets += count
        packetsLeft -= count
        bytesLeft -= count * Self.largestPayload
        return count
    }

    /// 184 bytes as values: a call of memmove takes longer.
    @inline(__always)
    private static func copyPayload(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
        unsafe target.storeBytes(of: source.loadUnaligned(as: SIMD64<UInt8>.self), as: SIMD64<UInt8>.self)
        unsafe target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: 64, as: SIMD64<UInt8>.self), toByteOffset: 64,
            as: SIMD64<UInt8>.self)
        unsafe target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: 128, as: SIMD32<UInt8>.self), toByteOffset: 128,
            as: SIMD32<UInt8>.self)
        unsafe target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: 160, as: SIMD16<UInt8>.self), toByteOffset: 160,
            as: SIMD16<UInt8>.self)
        unsafe target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: 176, as: UInt64.self), toByteOffset: 176, as: UInt64.self)
    }

    private mutating func beginPayloadPacket() {
        precondition(packetsLeft > 0 && bytesLeft > 0, "a PES packet takes the packets and bytes that were planned")
        let start = beginPacket()
        let first = isStart ? adaptation : Adaptation()
        let most = min(Self.largestPayload - first.size, bytesLeft)
        let payload = isSpread ? min(most, (bytesLeft + packetsLeft - 1) / packetsLeft) : most
        let adaptationSize = Self.largestPayload - payload
        let counter = continuityCounters[stream]
        continuityCounters[stream] = (counter &+ 1) & 0x0F
        writeHeader(
            at: start, packetID: packetID, isStart: isStart, control: (adaptationSize > 0 ? 0x30 : 0x10) | counter)
        if adaptationSize > 0 { writeAdaptation(first, at: start + Self.headerSize, size: adaptationSize) }
        position = start + Self.headerSize + adaptationSize
        bytesLeft -= payload
        packetsLeft -= 1
        room = payload
        isStart = false
    }

    /// Room for one media packet, after the tables that are due before it.
    private mutating func beginPacket() -> Int {
        if mediaPackets == nextTableRound { writeTables() }
        precondition(position + Self.packetSize <= capacity, "more packets than planned")
        mediaPackets += 1
        return position
    }

    private mutating func writeTables() {
        for table in schedule.tables {
            precondition(position + Self.packetSize <= capacity, "more packets than planned")
            let packet = table.packet(continuityCounter: UInt8(truncatingIfNeeded: tableRounds))
            for index in 0..<Self.packetSize { unsafe base[position + index] = packet[index] }
            position += Self.packetSize
        }
        tableRounds += 1
        nextTableRound =
            tableRounds < schedule.repetitions ? tableRounds * schedule.mediaPackets / schedule.repetitions : -1
    }

    private func writeHeader(at start: Int, packetID: UInt16, isStart: Bool, control: UInt8) {
        unsafe base[start] = 0x47
        unsafe base[start + 1] = (isStart ? 0x40 : 0) | UInt8(truncatingIfNeeded: packetID >> 8)
        unsafe base[start + 2] = UInt8(truncatingIfNeeded: packetID)
        unsafe base[start + 3] = control
    }

    /// - Parameter size: 1 to 184 bytes, all of the field; what is not needed is stuffing.
    private func writeAdaptation(_ adaptation: Adaptation, at start: Int, size: Int) {
        unsafe base[start] = UInt8(size - 1)
        guard size > 1 else { return }
        unsafe base[start + 1] = adaptation.flags
        var offset = 2
        if let clockReference = adaptation.clockReference {
            for byte in TransportTime.clockReference(clockReference) {
                unsafe base[start + offset] = byte
                offset += 1
            }
        }
        unsafe (base + start + offset).update(repeating: 0xFF, count: size - offset)
    }
}
