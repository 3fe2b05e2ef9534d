import FLV
import SCTE35
import Timeline

extension FuzzTarget {
    /// Sections, one after the other: each a time in seconds, a length and its bytes, to which the CRC is added. What is
    /// read is written as the same, and a channel's breaks stay in order and bounded whatever is said.
    static let splice = FuzzTarget(name: "splice") { input in
        _ = SpliceText.bytes(of: String(decoding: input, as: UTF8.self))
        var input = Input(input)
        var schedule = AdSchedule()
        var number: UInt64 = 0
        while !input.isEmpty {
            let time = Int64(input.number16()) * 90_000
            let bytes = input.bytes(min(input.number16(), SpliceInfoSection.maximumSize - 4))
            _ = try? SpliceInfoSection(parsing: bytes)
            let crc = CRC32.of(bytes)
            let sealed = bytes + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: crc >> UInt32($0)) }
            guard let section = try? SpliceInfoSection(parsing: sealed) else { continue }
            let again = try? SpliceInfoSection(parsing: section.serialize())
            require(again == section, "\(section) is not what it is after writing and reading")
            _ = section.time
            _ = schedule.take(section, sealed, at: time)
            number += 1
            _ = schedule.reach(number, start: Int64(number) * 180_000)
            schedule.forget(before: number / 2, start: Int64(number / 2) * 180_000)
            require(schedule.breaks.count <= 1024, "breaks without a bound")
            require(
                zip(schedule.breaks, schedule.breaks.dropFirst()).allSatisfy { $0.start <= $1.start },
                "breaks out of order")
        }
    }

    /// An AMF0 message about a splice.
    static let cuePoint = FuzzTarget(name: "cue-point") { input in
        guard let values = try? AMF0.parse(input), let name = values.first?.string else { return }
        guard let cue = CuePoint(name: name, arguments: Array(values.dropFirst()), time: 1 << 40) else { return }
        require(!cue.sections.isEmpty || cue.direction != nil, "a cue point that says nothing")
        require((cue.time - (1 << 40)).magnitude <= 600_000, "a cue point that is far away")
        for text in cue.sections { _ = SpliceText.bytes(of: text) }
    }
}
