import Media

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

extension DaemonMessage {
    private enum Kind: UInt8 {
        case accept = 64
        case reject = 65
        case stop = 66
        case begin = 67
        case wait = 68
        case splice = 69
    }

    package func serialize() throws -> [UInt8] {
        switch self {
        case .accept(let ladder, let firstSegment, let clockLead, let waits):
            let json = [UInt8](try JSONEncoder().encode(ladder))
            return Frame.write(type: Kind.accept.rawValue) {
                $0.write(firstSegment)
                $0.write(UInt64(bitPattern: clockLead))
                $0.write(UInt8(waits ? 1 : 0))
                $0.write(bytes: json)
            }
        case .reject(let reason):
            return Frame.write(type: Kind.reject.rawValue) { $0.writeText(reason) }
        case .stop(let reason):
            return Frame.write(type: Kind.stop.rawValue) { $0.writeText(reason) }
        case .begin(let firstSegment):
            return Frame.write(type: Kind.begin.rawValue) { $0.write(firstSegment) }
        case .splice(let marker):
            return Frame.write(type: Kind.splice.rawValue) { marker.write(to: &$0) }
        case .wait:
            return Frame.write(type: Kind.wait.rawValue) { _ in }
        }
    }

    package init(type: UInt8, body: [UInt8]) throws {
        guard let kind = Kind(rawValue: type) else { throw ParseError(.unsupported, at: 0, "message type \(type)") }
        var reader = ByteReader(body.span)
        switch kind {
        case .accept:
            let firstSegment = try reader.read(UInt64.self)
            let clockLead = Int64(bitPattern: try reader.read(UInt64.self))
            let flags = try reader.read(UInt8.self)
            guard flags <= 1 else { throw ParseError(.invalid, at: 16, "accept flags \(flags)") }
            let ladder = try JSONDecoder().decode(Ladder.self, from: Data(body[reader.offset...]))
            self = .accept(ladder, firstSegment: firstSegment, clockLead: clockLead, waits: flags == 1)
        case .begin:
            self = .begin(firstSegment: try reader.read(UInt64.self))
            try reader.requireEnd()
        case .splice:
            self = .splice(try SpliceMarker(reading: &reader))
            try reader.requireEnd()
        case .wait:
            self = .wait
            try reader.requireEnd()
        case .reject, .stop:
            let reason = try reader.readText(atMost: WorkerLimits.textBytes)
            self = kind == .stop ? .stop(reason: reason) : .reject(reason: reason)
            try reader.requireEnd()
        }
    }
}
