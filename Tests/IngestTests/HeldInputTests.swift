import FLV
import Media
import Testing

@testable import Ingest

@Suite struct HeldInputTests {
    /// 2020-09-13T12:26:40Z: segments of 2 s from 800,000,000 on.
    private static let wall: Int64 = 1_600_000_000_000
    private static let number: UInt64 = 800_000_000

    private func held() -> HeldInput { HeldInput(duration: Ticks(2, timescale: 1), leading: .video, track: 0) }

    private func picture(_ milliseconds: Int64, isSync: Bool, size: Int = 10) -> Event {
        .video(dts: milliseconds, compositionOffset: 0, isSync: isSync, data: [UInt8](repeating: 1, count: size))
    }

    @Test func theSegmentUnderWayAndTheOneBeforeCanBeMade() {
        var held = held()
        #expect(held.firstWhole == nil)
        // Nothing can be begun with this.
        #expect(held.append(picture(0, isSync: false), now: Self.wall).isEmpty)
        #expect(held.firstWhole == nil && held.items(from: Self.number).isEmpty)
        for time in stride(from: Int64(500), to: 20_000, by: 100) {
            // A key frame each 1.5 s.
            _ = held.append(picture(time, isSync: time % 1500 == 500), now: Self.wall + time)
            _ = held.append(.audio(pts: time, data: [1]), now: Self.wall + time)
            let underWay = Self.number + UInt64(time / 2000)
            let first = held.firstWhole ?? 0
            #expect(first > Self.number && (time < 5000 || (underWay - 3...underWay - 1).contains(first)))
            let items = held.items(from: first)
            #expect(items[0].now <= Self.wall + Int64(first - Self.number) * 2000 - 50)
            guard case .video(_, _, _, _, true, _) = items[0].event else {
                Issue.record("\(items[0].event) does not begin anything")
                return
            }
            #expect(items.last?.now == Self.wall + time)
            // Pictures and sound: what is kept is bounded by the segments, and the key frames between.
            #expect(items.count <= 2 * 76)
        }
        // What is under way takes less than what came before it.
        #expect(held.items(from: Self.number + 9).count < held.items(from: Self.number + 8).count)
        // And what was never there begins with the first that is.
        #expect(held.items(from: 1).first?.now == held.items(from: held.firstWhole ?? 0).first?.now)
    }

    /// An encoder that sends one configuration after the other is held to the same bytes.
    @Test func configurationsTakeWhatTheyTake() {
        var held = held()
        let text = String(repeating: "x", count: 1 << 20)
        for index in 0..<100 as Range<Int64> {
            _ = held.append(.unsupported(text, .audio), now: Self.wall + index)
            #expect(held.items.count <= HeldInput.maximumBytes >> 20)
        }
    }

    @Test func configurationsHoldForWhatFollows() throws {
        var held = held()
        let configuration = Event.audioConfiguration(.aac(try AudioSpecificConfig(parsing: [0x11, 0x90])))
        #expect(held.append(configuration, now: Self.wall).isEmpty)
        // The first key frame: what is before it is of no use but for this.
        #expect(held.append(picture(0, isSync: true), now: Self.wall) == [configuration])
        #expect(held.append(configuration, now: Self.wall + 10).isEmpty)
        #expect(held.append(picture(3000, isSync: true), now: Self.wall + 3000).isEmpty)
        // From the second key frame on, with the configuration that was before it.
        #expect(held.items(from: Self.number + 2).map(\.event).first == configuration)
        #expect(held.items(from: Self.number + 2).count == 2)
        #expect(held.append(.metadata(.null), now: Self.wall + 3000).isEmpty)
        #expect(held.items(from: Self.number + 2).count == 2)
    }

    @Test func itIsBoundedInBytesAndInItems() {
        var held = held()
        for time in 0..<70 { _ = held.append(picture(Int64(time), isSync: time == 0, size: 1 << 20), now: Self.wall) }
        #expect(held.firstWhole == nil && held.items(from: 0).isEmpty)
        _ = held.append(picture(100, isSync: true), now: Self.wall)
        #expect(held.items(from: 0).count == 1)
        for time in 0..<Int64(HeldInput.maximumItems) { _ = held.append(picture(time, isSync: false), now: Self.wall) }
        #expect(held.firstWhole == nil)
    }

    /// Sound alone can be begun anywhere; times that make no sense harm nobody.
    @Test(arguments: [-1, 0, 1 << 50] as [Int64]) func nothingTraps(_ now: Int64) {
        var held = HeldInput(duration: Ticks(2, timescale: 1), leading: .audio, track: 0)
        for _ in 0..<3 { _ = held.append(.audio(pts: 0, data: [1]), now: now) }
        _ = held.firstWhole
        _ = held.items(from: .max)
        _ = held.items(from: 0)
    }
}
