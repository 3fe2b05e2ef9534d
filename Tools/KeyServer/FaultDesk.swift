import CommonEncryption
import Foundation
import Synchronization

/// The faults that are armed: tests change them while the server runs.
package final class FaultDesk: Sendable {
    private struct State {
        var armed: [Fault]
        /// How often each kind was met.
        var served: [Fault.Kind: Int] = [:]
        /// The last key of each content's tracks, by content id and track type.
        var lastKeys: [String: ContentKey] = [:]
    }

    private let state: Mutex<State>
    private static let maximumArmed = 64

    package init(_ faults: [Fault] = []) { state = Mutex(State(armed: faults)) }

    /// - Returns: false where there are too many already.
    package func arm(_ fault: Fault) -> Bool {
        state.withLock { state in
            guard state.armed.count < Self.maximumArmed else { return false }
            state.armed.append(fault)
            return true
        }
    }

    package func clear() { state.withLock { $0.armed = [] } }

    /// The first fault that this request meets.
    func take(_ door: Fault.Door, period: UInt32? = nil) -> Fault? {
        state.withLock { state in
            for index in state.armed.indices {
                let fault = state.armed[index]
                guard fault.on == door, fault.period == nil || fault.period == period else { continue }
                if let after = fault.after, after > 0 {
                    state.armed[index].after = after - 1
                    continue
                }
                if let times = fault.times {
                    guard times > 0 else { continue }
                    state.armed[index].times = times - 1
                }
                state.served[fault.fault, default: 0] += 1
                return fault
            }
            return nil
        }
    }

    /// Keeps a key as the last one of a content's tracks.
    func keep(_ key: ContentKey, of tracks: String) { state.withLock { $0.lastKeys[tracks] = key } }

    func last(of tracks: String) -> ContentKey? { state.withLock { $0.lastKeys[tracks] } }

    /// `{"armed":[...],"served":{"delay":2}}`
    var json: [UInt8] {
        struct Report: Encodable {
            var armed: [Fault]
            var served: [String: Int]
        }
        let report = state.withLock { state in
            Report(
                armed: state.armed.filter { $0.times != 0 },
                served: Dictionary(uniqueKeysWithValues: state.served.map { ($0.key.rawValue, $0.value) }))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(report)).map(Array.init) ?? []
    }
}
